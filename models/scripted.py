"""Engines that play a script: for tests, stories in virtual time and load runs. No model work.

Each of the three has a frozen script that says what it answers, how long it takes and how it fails.
They wait with `asyncio.sleep` only, so a loop with a virtual clock runs an hour in a moment.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Literal

import numpy as np

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionError, RecognitionOptions, Superseded, Transcript, Word
from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    Message,
    ReplyPiece,
    TextDelta,
    ToolCallDelta,
)
from models.load import Load
from models.tts import SpeechChunk, SynthesisError, Voice, WordMark

_TOKEN = re.compile(r"\s*\S+(?:\s+$)?")
_WORD = re.compile(r"\S+")
_SPEAKABLE = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class RecognizerScript:
    """What the scripted recogniser hears, whatever is said."""

    texts: Sequence[str] = field(default=("what is seven times eight", "thank you"), repr=False)
    """One per utterance, over and over."""
    partial_ms: float = 40
    final_ms: float = 80
    words_per_s: float = 3.0
    """Partials show this many words per second of audio that was fed."""
    fail: Literal["never", "partial", "final"] = "never"


class ScriptedUtterance:
    """An utterance whose words are known before they are spoken."""

    def __init__(self, script: RecognizerScript, text: str, language: str | None) -> None:
        self._script = script
        self._words = text.split()
        self._language = language or "en"
        self._samples = 0
        self._closed = False

    def feed(self, samples: Samples) -> None:
        """See `Utterance.feed`."""
        self._samples += samples.size

    async def partial(self) -> Transcript:
        """As many words as the audio fed so far has time for, the last of them volatile."""
        await asyncio.sleep(self._script.partial_ms / 1000)
        if self._closed:
            raise Superseded
        if self._script.fail == "partial":
            raise RecognitionError("The scripted recogniser fails on partials, as asked.")
        shown = int(self._samples / SAMPLE_RATE * self._script.words_per_s)
        words = self._words[:shown]
        return self._transcript(len(words), committed=len(words) - 1)

    async def final(self) -> Transcript:
        """The whole text, however little was fed."""
        await asyncio.sleep(self._script.final_ms / 1000)
        if self._closed:
            raise RecognitionError("The utterance was closed.")
        if self._script.fail == "final":
            raise RecognitionError("The scripted recogniser fails on finals, as asked.")
        return self._transcript(len(self._words), committed=len(self._words))

    def close(self) -> None:
        """See `Utterance.close`."""
        self._closed = True

    def _transcript(self, shown: int, committed: int) -> Transcript:
        """The first `shown` words, spread evenly over the audio."""
        split = max(committed, 0)
        duration_ms = self._samples * 1000 // SAMPLE_RATE
        edges = [index * duration_ms // max(shown, 1) for index in range(shown + 1)]
        words = (
            Word(text, start_ms, end_ms, 1.0)
            for text, start_ms, end_ms in zip(self._words, edges, edges[1:], strict=False)
        )
        return Transcript(
            committed=" ".join(self._words[:split]),
            volatile=" ".join(self._words[split:shown]),
            words=tuple(words),
            language=self._language,
            duration_ms=duration_ms,
        )


class ScriptedRecognizer:
    """A `Recognizer` without ears."""

    name = "scripted"
    languages: frozenset[str] = frozenset()
    translates = False
    workload = Load()

    def __init__(self, script: RecognizerScript | None = None) -> None:
        self._script = script or RecognizerScript()
        self._texts = _over_and_over(self._script.texts)

    def utterance(self, options: RecognitionOptions) -> ScriptedUtterance:
        """Begin an utterance that will turn out to be the next text of the script."""
        return ScriptedUtterance(self._script, next(self._texts), options.language)

    async def close(self) -> None:
        """Nothing to release."""


@dataclass(frozen=True, slots=True)
class ChatScript:
    """What the scripted language model answers, and how it fails."""

    texts: Sequence[str] = field(
        default=("It is fifty six. Is there anything else that you would like to know?",),
        repr=False,
    )
    """One per reply, over and over; a whole token is a word with the space before it."""
    first_token_ms: float = 60
    token_interval_ms: float = 15
    tool_calls: Sequence[tuple[str, str]] = field(default=(), repr=False)
    """Names and arguments (JSON) of the tools to call, all in one reply, before anything is said.

    Only tools that are offered are called, and none right after a result: then the texts go on.
    """
    tool_preamble: str = field(default="", repr=False)
    """Said before the calls, in the same reply."""
    fail: Literal[
        "never", "unreachable", "refused", "hang_first", "hang_middle", "break_middle"
    ] = "never"
    fail_replies: int | None = None
    """How many replies fail before all is well again; None: all."""
    timeout_ms: float = 10_000
    """How long a hang lasts before it counts as timed out."""


class ScriptedChat:
    """A `ChatModel` that has made up its mind."""

    name = "scripted"

    def __init__(self, script: ChatScript | None = None) -> None:
        self._script = script or ChatScript()
        self._texts = _over_and_over(self._script.texts)
        self._call_numbers = count(1)
        self._replies = 0

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        """The scripted calls, or the next text of the script, token by token."""
        script, calls = self._script, self._calls_now(messages, options)
        text = script.tool_preamble if calls else next(self._texts)
        self._replies += 1
        spared = script.fail_replies is not None and self._replies > script.fail_replies
        fail = "never" if spared else script.fail
        await asyncio.sleep(script.first_token_ms / 1000)
        await self._fail_first(fail)
        whole = _TOKEN.findall(text)
        tokens = whole[: options.max_tokens]
        pieces: list[TextDelta | ToolCallDelta] = [*map(TextDelta, tokens), *calls]
        for index, piece in enumerate(pieces):
            if index == len(pieces) // 2:
                await self._fail_middle(fail)
            if index:
                await asyncio.sleep(script.token_interval_ms / 1000)
            yield piece

        stopped: Literal["stop", "tool_calls"] = "tool_calls" if calls else "stop"
        yield Completed(stopped if tokens == whole else "length", None, len(pieces))

    async def close(self) -> None:
        """Nothing to release."""

    def _calls_now(self, messages: Sequence[Message], options: ChatOptions) -> list[ToolCallDelta]:
        """The calls to make, each cut in two: arguments arrive in pieces."""
        answered = bool(messages) and messages[-1].role == "tool"
        if answered or options.tool_choice == "none":
            return []
        offered = {tool.name for tool in options.tools}
        pieces: list[ToolCallDelta] = []
        for name, arguments in self._script.tool_calls:
            if name in offered:
                call_id, half = f"call_{next(self._call_numbers)}", len(arguments) // 2
                pieces.append(ToolCallDelta(call_id, name, arguments[:half]))
                pieces.append(ToolCallDelta(call_id, name, arguments[half:]))
        return pieces

    async def _fail_first(self, fail: str) -> None:
        if fail == "unreachable":
            raise ChatError(ChatFailure.UNREACHABLE, "The scripted LLM is unreachable, as asked.")
        if fail == "refused":
            raise ChatError(ChatFailure.REFUSED, "The scripted LLM refuses, as asked.")
        if fail == "hang_first":
            await self._hang()

    async def _fail_middle(self, fail: str) -> None:
        if fail == "break_middle":
            raise ChatError(ChatFailure.BROKEN, "The scripted LLM breaks off, as asked.")
        if fail == "hang_middle":
            await self._hang()

    async def _hang(self) -> None:
        await asyncio.sleep(self._script.timeout_ms / 1000)
        raise ChatError(ChatFailure.TIMED_OUT, "The scripted LLM hangs, as asked.")


@dataclass(frozen=True, slots=True)
class VoiceScript:
    """How the scripted voice sounds."""

    first_chunk_ms: float = 40
    chunk_interval_ms: float = 0
    ms_per_char: float = 60
    """Length of the audio: about the pace of a calm speaker."""
    chunk_ms: int = 100
    rate: int = 16_000
    tone_hz: int = 220
    level: int = 1000
    """Peak of the tone, out of 32767: quiet."""
    fail: bool = False


class ScriptedSynthesizer:
    """A `Synthesizer` that hums."""

    name = "scripted"
    voices = (
        Voice("hum", "en", "a quiet tone"),
        Voice("hum-low", "en", "the same, an octave lower"),
    )

    def __init__(self, script: VoiceScript | None = None) -> None:
        self._script = script or VoiceScript()
        self._tones = {
            "hum": _tone(self._script, self._script.tone_hz),
            "hum-low": _tone(self._script, self._script.tone_hz // 2),
        }

    @property
    def rate(self) -> int:
        """Hertz."""
        return self._script.rate

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """A tone as long as the text, with exact word marks."""
        script = self._script
        tone = self._tones.get(voice or self.voices[0].id)
        if tone is None:
            raise SynthesisError(f"There is no voice {voice!r}; there are hum and hum-low.")
        if not _SPEAKABLE.search(text):
            return
        await asyncio.sleep(script.first_chunk_ms / 1000)
        if script.fail:
            raise SynthesisError("The scripted voice fails, as asked.")
        char_samples = script.ms_per_char * script.rate / 1000 / speed
        marks = _marks(text, char_samples)
        samples = int(len(text) * char_samples)
        chunk_samples = script.chunk_ms * script.rate // 1000
        for start in range(0, samples, chunk_samples):
            end = min(start + chunk_samples, samples)
            here = tuple(mark for mark in marks if start <= mark.start_sample < end)
            yield SpeechChunk(tone[np.arange(start, end) % tone.size], here)
            await asyncio.sleep(script.chunk_interval_ms / 1000)

    async def close(self) -> None:
        """Nothing to release."""


def _over_and_over(texts: Sequence[str]) -> Iterator[str]:
    if not texts:
        raise ValueError("a script needs at least one text; the empty string is one")
    return cycle(texts)


def _tone(script: VoiceScript, hz: int) -> Samples:
    """One second of a sine, which repeats without a click because `hz` is whole."""
    phase = 2 * np.pi * hz * np.arange(script.rate) / script.rate
    return (script.level * np.sin(phase)).astype(np.int16)


def _marks(text: str, char_samples: float) -> list[WordMark]:
    """One mark per word; the space after a word belongs to no one."""
    return [
        WordMark(
            word.start(),
            word.end(),
            int(word.start() * char_samples),
            int(word.end() * char_samples),
        )
        for word in _WORD.finditer(text)
    ]
