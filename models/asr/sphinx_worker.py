"""One pocketsphinx decoder in a process of its own, spoken to over standard input and output.

pocketsphinx holds the interpreter lock while it computes, so in a thread it would stop every
conversation of the server. A request is a line of JSON, `{"do": "stream" | "final", "begin": bool,
"bytes": n}`, then n bytes of 16 kHz s16le audio; the answer is a line of JSON, a list of
`[word, start_ms, end_ms, probability]`. `stream` goes on where the last one stopped unless it says
`begin`; `final` stands alone. Imports nothing of the project, so that it starts anywhere.
"""

import json
import sys
from typing import BinaryIO

from pocketsphinx import Decoder

RATE = 16_000
FRAME_MS = 10
RESEED_BYTES = (2 * RATE, 4 * RATE)
"""After 1 and 2 seconds the colour of the voice (the cepstral mean) is known better: start over."""

Heard = list[tuple[str, int, int, float]]


class Hearing:
    """A decoder, and the audio that it was streamed."""

    def __init__(self) -> None:
        self._decoder = Decoder(samprate=RATE, loglevel="FATAL")
        self._audio = bytearray()
        self._open = False

    def stream(self, audio: bytes, *, begin: bool) -> Heard:
        """Hear `audio` after what was streamed so far; say what it all might mean."""
        if begin:
            self._end()
            self._audio.clear()
        before = len(self._audio)
        self._audio += audio
        if not self._open or any(before < mark <= len(self._audio) for mark in RESEED_BYTES):
            self._restart()
        elif audio:
            self._decoder.process_raw(audio, no_search=False, full_utt=False)
        return self._heard()

    def final(self, audio: bytes) -> Heard:
        """Hear a whole utterance with its own cepstral mean: twice as accurate as the stream."""
        self._end()
        # Streaming switches the mean to a running one for good; this switches it back.
        self._decoder.reinit_feat(None)
        self._decoder.start_utt()
        self._decoder.process_raw(audio, no_search=False, full_utt=True)
        self._decoder.end_utt()
        return self._heard()

    def _restart(self) -> None:
        self._end()
        audio = bytes(self._audio)
        self._decoder.reinit_feat(None)
        self._decoder.start_utt()
        self._decoder.process_raw(audio, no_search=True, full_utt=False)
        mean = self._decoder.get_cmn(True)
        self._decoder.end_utt()
        self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        self._decoder.process_raw(audio, no_search=False, full_utt=False)
        self._open = True

    def _end(self) -> None:
        if self._open:
            self._decoder.end_utt()
            self._open = False

    def _heard(self) -> Heard:
        if self._decoder.hyp() is None:
            return []
        return [
            (
                part.word.partition("(")[0],
                part.start_frame * FRAME_MS,
                (part.end_frame + 1) * FRAME_MS,
                min(1.0, max(0.0, float(part.prob))),
            )
            for part in self._decoder.seg()
            if part.word[0] not in "<[+"
        ]


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the other side closes."""
    hearing = Hearing()
    _answer(answers, [])
    while line := requests.readline():
        request = json.loads(line)
        audio = requests.read(request["bytes"])
        if request["do"] == "final":
            _answer(answers, hearing.final(audio))
        else:
            _answer(answers, hearing.stream(audio, begin=request["begin"]))


def _answer(answers: BinaryIO, heard: Heard) -> None:
    answers.write(json.dumps(heard).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
