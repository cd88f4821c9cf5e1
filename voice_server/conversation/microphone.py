"""The microphone of one conversation: what is listened to, what passes unheard, what does not come.

Bytes go to the listener unless nobody is meant to hear them: a muted microphone, a session that
only speaks, a reply that the microphone would take for the user. Either way time passes, and the
client is told how far it was taken in. In the middle of a turn a microphone that falls silent
would stop time, which is counted in its audio: a stall stands in for what is missing.
"""

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from audio.formats import AudioFormat
from voice_server import events as ev
from voice_server.conversation.beginning import Beginning
from voice_server.conversation.dialogue import Dialogue
from voice_server.conversation.ear import HeardFrame
from voice_server.conversation.listener import Listener
from voice_server.conversation.turn_actions import TurnAction
from voice_server.conversation.turns import Floor, TurnError, Turns

LINE_GRACE_S = 3.0
"""A client whose line breaks while its user speaks may be back so soon that the turn goes on."""

FLOW_MS = 1000
"""Audio time between two reports of how far the microphone was taken in."""


class Microphone:
    """What one client's microphone brings, on its way to the dialogue."""

    def __init__(
        self,
        listener: Listener,
        dialogue: Dialogue,
        turns: Turns,
        *,
        used: bool,
        levels: bool,
        credit_ms: int,
        emit: Callable[[ev.ServerEvent], None],
        clock: Callable[[], float],
    ) -> None:
        """`used`: whether this kind of session listens at all; `levels`: tell how loud it is;
        `credit_ms`: how much audio may be sent ahead.
        """
        self._listener = listener
        self._dialogue = dialogue
        self._turns = turns
        self._used = used
        self._levels = levels
        self._credit_ms = credit_ms
        self._emit = emit
        self._clock = clock
        self._muted = False
        self._told_position = 0
        self._stall_at = clock()
        self._turn_ends: deque[int] = deque()
        """Samples at which a turn ends whatever is heard, because it has ended there before."""
        self._ended_at: int | None = None

    def begin(self, beginning: Beginning) -> None:
        """Go on where the microphone of another process was; from there it is sent again."""
        ear = self._listener.ear
        ear.position = self._told_position = beginning.position
        ear.offset_ms = beginning.position * 1000 / ear.format.rate
        self._muted = beginning.muted
        self._turn_ends.extend(beginning.turn_ends)

    # What comes ------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Audio in the session's input format."""
        while self._turn_ends and data:
            data = self._receive_to_turn_end(data)
        if data:
            self._receive(data)

    def _receive_to_turn_end(self, data: bytes) -> bytes:
        """Take in audio up to where a turn ends, and end it. Returns what is left."""
        ear = self._listener.ear
        left = max(0, self._turn_ends[0] - ear.position) * ear.format.frame_bytes
        if data[:left]:
            self._receive(data[:left])
        if len(data) >= left:
            self._ended_at = self._turn_ends.popleft()
            with suppress(TurnError):  # silence has ended it already
                self.commit()
        return data[left:]

    def _receive(self, data: bytes) -> None:
        ear = self._listener.ear
        if self._deaf:
            ear.skip(data)
            self._show_flow()
        else:
            self._hear(self._listener.hear(data))
            self._expect_audio(ear.format.duration_ms(len(data)) / 1000)

    def miss(self, samples: int, *, lost: bool) -> None:
        """Samples that will not come; `lost`: although they were meant to."""
        if self._deaf:
            self._listener.ear.skip_samples(samples)
            return
        if lost:
            self._emit(ev.Noticed("input_gap", detail=f"{samples} samples are missing"))
        self._hear(self._listener.miss(samples))

    def commit(self) -> None:
        """The client says that the turn ends here. Raises `TurnError`."""
        try:
            self._dialogue.act(self._listener.commit())
        except TurnError:
            if self._ended_at != self._listener.ear.position:
                raise  # else it is said again, to who had heard it from the process before

    def clear(self) -> None:
        """The client wants the open turn to be forgotten."""
        self._dialogue.act(self._listener.clear())

    def mute(self, muted: bool) -> None:
        """Listen no longer, or again. What was said so far is a turn, unless over a reply.

        Raises `TurnError`.
        """
        self._muted = muted
        if not muted or not self._turns.in_utterance:
            return
        if self._turns.floor is Floor.CONTESTED:
            self.clear()
        else:
            self.commit()

    def reformat(self, format: AudioFormat) -> None:
        """From here on the bytes are in another format."""
        self._listener.ear.change(format)
        self._told_position = self._listener.ear.position

    # What does not come ----------------------------------------------------------------------

    def next_due(self) -> float | None:
        """When audio is late, by the clock."""
        return self._stall_at if self._awaits_audio else None

    def note_stall(self, now: float, *, more_waits: bool) -> None:
        """Audio that is late is silence, unless it waits here or in a client that is slowed."""
        if not self._awaits_audio or now < self._stall_at:
            return
        if not more_waits:
            self._hear(self._listener.stall(self._turns.settings.stall_ms))
        self._expect_audio(0.0)

    def await_line(self) -> None:
        """The line has broken, or is back: give it time."""
        self._expect_audio(LINE_GRACE_S)

    @property
    def _awaits_audio(self) -> bool:
        """In the middle of a turn whose end only the microphone can tell."""
        return self._turns.in_utterance and self._turns.settings.mode == "vad"

    def _expect_audio(self, seconds: float) -> None:
        """Audio of this length has come; the next takes as long, and then it is late."""
        self._stall_at = self._clock() + seconds + self._turns.settings.stall_ms / 1000

    # What is heard ---------------------------------------------------------------------------

    @property
    def _deaf(self) -> bool:
        return self._muted or not self._used or self._dialogue.ignores_microphone()

    def _hear(self, frames: Iterable[tuple[HeardFrame, list[TurnAction]]]) -> None:
        for heard, actions in frames:
            self._dialogue.hear(heard, actions)
            self._show_level(heard.voice)
        self._show_flow()

    def _show_level(self, voice: bool) -> None:
        level = self._listener.ear.level()
        if level is not None and self._levels:
            self._emit(ev.LevelMeasured(level, voice))

    def _show_flow(self) -> None:
        ear = self._listener.ear
        if ear.position - self._told_position >= ear.format.rate * FLOW_MS // 1000:
            self._told_position = ear.position
            self._emit(ev.InputFlow(ear.position, self._credit_ms))
