"""The one error of every loader here: a model that cannot be used."""


class ModelError(Exception):
    """A model cannot be loaded.

    The message is a sentence for the operator: it names the file or folder and the remedy.
    """
