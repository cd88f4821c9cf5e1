"""What a turn means for the reply: begun at a pause, released at the end, answered once."""

from collections.abc import Awaitable, Callable

import pytest

from models.scripted import RecognizerScript, ScriptedRecognizer
from tests.support.booth import Booth
from tests.support.told_voice import PCM_16K, ToldVoice, silence, voice
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.dialogue import Dialogue
from voice_server.conversation.ear import Ear
from voice_server.conversation.end_of_turn import Pause
from voice_server.conversation.listener import Listener
from voice_server.conversation.turns import Floor
from voice_server.settings import TurnSettings

pytestmark = pytest.mark.story


class Patient:
    """Waits 400 ms after any words, and notes them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def silence_ms(self, pause: Pause, settings: TurnSettings) -> int:
        self.asked.append(pause.text)
        return 400


class Scene:
    """A dialogue between a microphone that is told what a voice is, and a booth."""

    def __init__(self, script: RecognizerScript, *, remembers: bool = True) -> None:
        self.booth = Booth("The moon goes around the earth once a month.")
        self.booth.hand_on = self._take
        self.end_of_turn = Patient()
        self.listener = Listener(
            Ear(PCM_16K, ToldVoice(), 500),
            self.booth.turns,
            ScriptedRecognizer(script),
            300,
            turn_model=None,
            hears_itself=lambda frame: False,
            post=self.booth.posted.append,
        )
        self.dialogue = Dialogue(
            remembers=remembers,
            turns=self.booth.turns,
            listener=self.listener,
            speaker=self.booth.speaker,
            end_of_turn=self.end_of_turn,
            metrics=self.booth.metrics,
            emit=self.booth.said.append,
            clock=self.booth.clock,
        )

    async def hear(self, *sounds: bytes) -> None:
        """Take in sounds at the pace of real time."""
        data = b"".join(sounds)
        for start in range(0, len(data), 320):
            for heard, actions in self.listener.hear(data[start : start + 320]):
                self.dialogue.hear(heard, actions)
            await self.booth.pass_time(0.01)

    def _take(self, event: ev.InnerEvent) -> None:
        if isinstance(event, ev.TranscriptChanged):
            self.dialogue.take_partial(event)
        elif isinstance(event, ev.TranscriptFinished):
            self.dialogue.take_final(event)

    def close(self) -> None:
        self.listener.close()
        self.booth.speaker.close()


def perform(play: Callable[[Scene], Awaitable[None]], *texts: str, answers: bool = True) -> Scene:
    async def scene() -> Scene:
        stage = Scene(RecognizerScript(texts or ("What time is it?",)), remembers=answers)
        await play(stage)
        stage.close()
        return stage

    return run_virtual(scene())


def test_the_end_of_turn_is_asked_with_the_words_and_believed() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(500), silence(390))
        assert not scene.booth.all(ev.SpeechStopped)
        await scene.hear(silence(20))
        assert scene.booth.all(ev.SpeechStopped)

    assert perform(play).end_of_turn.asked == ["What time is it?"]


def test_a_reply_is_begun_at_the_pause_and_released_at_the_end() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(500), silence(300))
        assert scene.booth.chat.prompts == [[("user", "What time is it?")]]
        assert scene.booth.turns.floor is Floor.FREE
        assert scene.booth.speaker.memory.items == ()
        await scene.hear(silence(200))

    booth = perform(play).booth
    assert booth.turns.floor is Floor.TAKEN
    assert len(booth.chat.prompts) == 1
    assert [item.text for item in booth.speaker.memory.items if item.role == "user"] == [
        "What time is it?"
    ]


def test_partials_are_numbered_and_end_with_the_turn() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(1500), silence(600), voice(1500), silence(600))

    partials = perform(play, "one two three four", "five six seven eight").booth.all(
        ev.PartialTranscript
    )
    for turn in (1, 2):
        revisions = [partial.revision for partial in partials if partial.turn == turn]
        assert revisions == list(range(1, len(revisions) + 1))
        assert revisions


def test_a_user_who_goes_on_before_the_words_are_known_is_answered_once_for_all() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(500))
        scene.dialogue.act(scene.listener.commit())
        await scene.hear(voice(500), silence(1000))

    booth = perform(play, "The first half", "and the second.").booth
    assert [started.turn for started in booth.all(ev.ReplyStarted)] == [2]
    assert booth.chat.prompts[-1] == [("user", "The first half and the second.")]


def test_an_answer_that_was_put_off_for_nothing_is_given() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(500))
        scene.dialogue.act(scene.listener.commit())
        await scene.hear(voice(60), silence(1000))

    booth = perform(play, "What time is it?", "").booth
    assert [started.turn for started in booth.all(ev.ReplyStarted)] == [1]


def test_who_only_transcribes_never_answers() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(500), silence(1000))

    booth = perform(play, answers=False).booth
    assert [final.text for final in booth.all(ev.FinalTranscript)] == ["What time is it?"]
    assert booth.chat.prompts == []


def test_every_utterance_is_stopped_and_has_its_final() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(500), silence(1000), voice(60), silence(1000))

    booth = perform(play, "What time is it?", "").booth
    assert [started.turn for started in booth.all(ev.SpeechStarted)] == [1, 2]
    assert [stopped.turn for stopped in booth.all(ev.SpeechStopped)] == [1, 2]
    assert [final.turn for final in booth.all(ev.FinalTranscript)] == [1, 2]


@pytest.mark.parametrize(
    ("over", "kind"),
    [("Mhm.", ev.PlaybackResumed), ("What about the sun?", ev.PlaybackStopped)],
)
def test_the_words_decide_what_becomes_of_a_reply(over: str, kind: type[ev.ServerEvent]) -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(voice(500), silence(1000), voice(400), silence(300))

    booth = perform(play, "Tell me about the moon.", over).booth
    assert len(booth.all(ev.PlaybackPaused)) == 1
    assert len(booth.all(kind)) == 1
    assert len([*booth.all(ev.PlaybackResumed), *booth.all(ev.PlaybackStopped)]) == 1


def test_the_ledger_of_a_turn_sums_to_the_whole() -> None:
    async def play(scene: Scene) -> None:
        await scene.hear(silence(300), voice(500), silence(1000))

    (measured,) = perform(play).booth.all(ev.TurnMeasured)
    parts = dict(measured.metrics)
    assert parts.pop("eos_to_first_audio_ms") == pytest.approx(sum(parts.values()), abs=0.5)
    assert parts["endpoint_ms"] == pytest.approx(400, abs=15)
