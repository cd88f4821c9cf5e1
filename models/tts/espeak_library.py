"""The C library espeak-ng through ctypes: voices in, buffers of samples and word events out.

The library keeps one global state for the process and is not safe to call from two threads:
create one `EspeakLibrary` and use it from the thread that made it (`espeak.py` keeps such a
thread). Names, numbers and structures are those of `speak_lib.h`, espeak-ng 1.51 and later.
"""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

import numpy as np

from audio import Samples
from models.errors import ModelError

RATE = 22_050
"""Hertz of every voice but those of MBROLA, which another program speaks."""
BUFFER_MS = 60
"""Milliseconds of audio that the library hands over at a time."""

_SYSTEM_LIBRARY = "libespeak-ng.so.1"
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
"""Plain text: without espeakSSML and espeakPHONEMES, markup and `[[` are ordinary characters."""
_POS_CHARACTER = 1
_PARAMETER_RATE = 1
_EVENT_LIST_TERMINATED = 0
_EVENT_WORD = 1
_EE_OK = 0
_CONTINUE, _ABORT = 0, 1


class _EventId(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Wave: TypeAlias = "ctypes._Pointer[ctypes.c_short]"
_Events: TypeAlias = "ctypes._Pointer[_Event]"
_NOTHING = np.zeros(0, np.int16)
_SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True, slots=True)
class InstalledVoice:
    """A voice file of espeak-ng."""

    identifier: str
    """The file, e.g. `gmw/en-US`; of a variant `!v/f3`."""
    name: str
    languages: tuple[tuple[int, str], ...]
    """(priority, tag): the lower the number, the better the voice speaks that language."""


@dataclass(frozen=True, slots=True)
class WordEvent:
    """The library begins to speak a word."""

    char: int
    """Index into the text."""
    length: int
    """In characters."""
    sample: int
    """Since the beginning of the utterance."""


class EspeakLibrary:
    """The loaded library. Raises `ModelError` where there is none."""

    def __init__(self) -> None:
        self._library, data_folder = _load()
        self._declare()
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS,
            BUFFER_MS,
            data_folder.encode() if data_folder else None,
            _INITIALIZE_DONT_EXIT,
        )
        if rate != RATE:
            raise ModelError(
                f"espeak-ng found no voice data in {data_folder or 'its own folder'}: "
                "reinstall it with `pip install --force-reinstall espeakng-loader`."
            )

    def _declare(self) -> None:
        library = self._library
        number, unsigned, string = ctypes.c_int, ctypes.c_uint, ctypes.c_char_p
        library.espeak_Initialize.argtypes = (number, number, string, number)
        library.espeak_ListVoices.argtypes = (ctypes.POINTER(_Voice),)
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        library.espeak_SetVoiceByName.argtypes = (string,)
        library.espeak_SetParameter.argtypes = (number, number, number)
        library.espeak_SetSynthCallback.argtypes = (_SynthCallback,)
        library.espeak_SetSynthCallback.restype = None
        library.espeak_Synth.argtypes = (
            *(string, ctypes.c_size_t, unsigned, number, unsigned, unsigned),
            *(ctypes.c_void_p, ctypes.c_void_p),
        )

    def voices(self) -> tuple[InstalledVoice, ...]:
        """Return the voices that stand for a language."""
        return tuple(self._list(None))

    def variants(self) -> tuple[InstalledVoice, ...]:
        """Return the variants (`f3`, `whisper`, …) that can be laid over any voice."""
        languages = ctypes.cast(ctypes.c_char_p(b"variant"), ctypes.c_void_p)
        return tuple(self._list(_Voice(languages=languages)))

    def _list(self, like: _Voice | None) -> Iterator[InstalledVoice]:
        listed = self._library.espeak_ListVoices(None if like is None else ctypes.byref(like))
        for entry in listed:
            if not entry:
                return
            voice = entry.contents
            yield InstalledVoice(
                voice.identifier.decode(), voice.name.decode(), tuple(_languages(voice.languages))
            )

    def synthesize(
        self,
        text: str,
        voice: str,
        words_per_minute: int,
        hear: Callable[[Samples, list[WordEvent]], bool],
    ) -> bool:
        """Speak `text`, calling `hear` with each buffer and the words that begin in it.

        `voice` is an installed identifier, with `+variant` where wished. `hear` returns False to
        end the synthesis at once. Returns False if the library cannot load the voice.
        """

        def on_buffer(wave: _Wave, size: int, events: _Events) -> int:
            samples = np.ctypeslib.as_array(wave, (size,)).copy() if size else _NOTHING
            return _CONTINUE if hear(samples, list(_words(events))) else _ABORT

        callback = _SynthCallback(on_buffer)
        self._library.espeak_SetSynthCallback(callback)
        if self._library.espeak_SetVoiceByName(voice.encode()) != _EE_OK:
            return False
        self._library.espeak_SetParameter(_PARAMETER_RATE, words_per_minute, 0)
        encoded = text.encode()
        self._library.espeak_Synth(
            encoded, len(encoded) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        return True


def _load() -> tuple[ctypes.CDLL, str | None]:
    """Return the library of the wheel, else that of the system, and where its data are."""
    try:
        import espeakng_loader  # noqa: PLC0415
    except ImportError:
        return _load_system(), None
    return ctypes.CDLL(espeakng_loader.get_library_path()), espeakng_loader.get_data_path()


def _load_system() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(_SYSTEM_LIBRARY)
    except OSError as error:
        raise ModelError(
            f"{_SYSTEM_LIBRARY} cannot be loaded ({error}): install it with "
            "`pip install espeakng-loader` or `apt-get install libespeak-ng1`."
        ) from error


def _languages(address: int) -> Iterator[tuple[int, str]]:
    """Read the list of (priority byte, zero-ended tag) that a zero byte ends."""
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        yield priority, tag.decode()
        address += len(tag) + 2


def _words(events: _Events) -> Iterator[WordEvent]:
    for index in count():
        event = events[index]
        if event.type == _EVENT_LIST_TERMINATED:
            return
        if event.type == _EVENT_WORD:
            yield WordEvent(event.text_position - 1, event.length, event.sample)
