"""The names under which espeak-ng's voices can be asked for.

An id is a language tag, or a tag and a variant: `en-us`, `de`, `en-us+f3`. Only names found in
the library's own list are ever passed to it, for it would open any file it is told.
"""

import difflib
from collections.abc import Iterable

from models.tts import SynthesisError, Voice
from models.tts.espeak_library import InstalledVoice

_VARIANT_FOLDER = "!v/"
_MBROLA_FOLDER = "mb/"
"""Voices that need another program, and have other rates."""


class EspeakVoices:
    """The installed voices by id."""

    def __init__(self, voices: Iterable[InstalledVoice], variants: Iterable[InstalledVoice]):
        files = (voice.identifier.removeprefix(_VARIANT_FOLDER) for voice in variants)
        self._variants = {file.lower(): file for file in files}
        self._files: dict[str, str] = {}
        self._listed: list[Voice] = []
        own = [voice for voice in voices if not voice.identifier.startswith(_MBROLA_FOLDER)]
        self._name_by_first_tag(own)
        self._name_by_best_speaker(own)

    def _name_by_first_tag(self, voices: Iterable[InstalledVoice]) -> None:
        for voice in voices:
            tag = voice.languages[0][1].lower()
            if tag not in self._files:
                self._files[tag] = voice.identifier
                self._listed.append(Voice(tag, tag, f"espeak-ng {voice.name.strip()}"))

    def _name_by_best_speaker(self, voices: Iterable[InstalledVoice]) -> None:
        """Let `en` and `zh` name the voice that speaks them best."""
        spoken = [
            (priority, tag.lower(), voice.identifier)
            for voice in voices
            for priority, tag in voice.languages
        ]
        for _, tag, identifier in sorted(spoken, key=lambda entry: entry[0]):
            self._files.setdefault(tag, identifier)

    def listed(self, first: str) -> list[Voice]:
        """Return the voice `first`, then one voice per language."""
        if first.lower() not in {voice.id for voice in self._listed}:
            chosen = Voice(first, first.partition("+")[0], f"espeak-ng {self.file_of(first)}")
            return [chosen, *self._listed]
        return sorted(self._listed, key=lambda voice: voice.id != first.lower())

    def file_of(self, voice_id: str) -> str:
        """Return what the library calls this voice. Raises `SynthesisError` for an unknown one."""
        tag, plus, variant = voice_id.lower().partition("+")
        if tag not in self._files:
            raise SynthesisError(_unknown("voice", tag, self._files))
        if not plus:
            return self._files[tag]
        if variant not in self._variants:
            raise SynthesisError(_unknown("variant", variant, self._variants))
        return f"{self._files[tag]}+{self._variants[variant]}"


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or names[:3]
    return f"espeak-ng has no {kind} {name[:40]!r}; near it are {', '.join(near)}."
