"""Wyoming: JSON events over TCP, one transcript after the end of the audio. Pure."""

from collections.abc import Sequence

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event

from audio import SAMPLE_RATE, Samples
from scripts.bench_peers.heard import Shown


class Wyoming:
    """Like a `Wire`, in events. It is told when the speech ends: that is how it is used."""

    frame_ms = 20
    silence_s = 0.0

    def hello(self) -> Sequence[Event]:
        """Sent when the connection stands."""
        start = AudioStart(rate=SAMPLE_RATE, width=2, channels=1)
        return [Transcribe(language="en").event(), start.event()]

    def audio(self, samples: Samples) -> Event:
        """Samples at 16 kHz, shape (n,)."""
        return AudioChunk(SAMPLE_RATE, 2, 1, samples.tobytes()).event()

    def goodbye(self) -> Sequence[Event]:
        """The end of the speech."""
        return [AudioStop().event()]

    def take(self, event: Event) -> Shown | None:
        """The transcript, when it comes."""
        if not Transcript.is_type(event.type):
            return None
        return Shown(Transcript.from_event(event).text.strip(), final=True, last=True)
