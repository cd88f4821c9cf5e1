"""What can be known before vLLM is started: whether it is here, and whether the model is one.

It takes most of a minute to find out by trying.
"""

import shutil
import sys
from pathlib import Path

from models.errors import ModelError

_MISSING = (
    "vLLM is not installed. Give it an environment of its own, such as with `uv tool install vllm`,"
    " and name that in llm.vllm.environment unless `vllm` is on the PATH."
)


def find_executable(environment: str) -> str:
    """The `vllm` command of an environment, given as its directory or as the command itself.

    Empty: the one on the PATH, or beside our own Python. Raises `ModelError`.
    """
    if not environment:
        beside = Path(sys.executable).with_name("vllm")
        found = shutil.which("vllm") or (str(beside) if beside.is_file() else None)
        if found is None:
            raise ModelError(_MISSING)
        return found
    place = Path(environment).expanduser()
    command = place / "bin" / "vllm" if place.is_dir() else place
    if not command.is_file():
        raise ModelError(f"There is no vLLM at {command}: check llm.vllm.environment.")
    return str(command)


def find_model(model: str) -> str:
    """The model as vLLM should be given it: a name of the hub, or a directory that holds one.

    Raises `ModelError`.
    """
    if not model.startswith(("/", ".", "~")) and not Path(model).is_dir():
        return model
    folder = Path(model).expanduser()
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{folder} holds no model for vLLM: it needs config.json, the weights and a tokenizer."
        )
    return str(folder)
