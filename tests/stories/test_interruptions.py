"""Speaking over a reply: what takes the floor, what does not, and what is remembered of it."""

import random
from collections import defaultdict
from itertools import pairwise

import pytest

from models.scripted import ChatScript, RecognizerScript
from tests.support import signals
from tests.support.story import KIOSK, Cast, Story, tell
from voice_server import events as ev

pytestmark = pytest.mark.story

QUESTION = "Tell me about the moon."
TALE = (
    "The moon goes around the earth once a month. It has no air and no water at all. "
    "Twelve people have walked on it so far. Nobody has been there for a long time."
)


def cast(over: str, *more: str, turn: dict[str, object] | None = None, **other: object) -> Cast:
    """The user asks, the tale begins, and then the user says `over`."""
    return Cast(
        recognizer=RecognizerScript((QUESTION, over, *more)),
        chat=ChatScript((TALE, "All right.")),
        settings={"turn": turn or {}},
        **other,  # type: ignore[arg-type]
    )


async def ask(story: Story, sounding_ms: int = 2000) -> None:
    """Get the tale going."""
    await story.say(1.0)
    await story.expect(ev.AudioStarted)
    await story.until_sounding(sounding_ms)


def over(story: Story) -> list[str]:
    """The plot from the first sign of a second utterance on."""
    plot = story.plot()
    second = [i for i, name in enumerate(plot) if name == "SpeechStarted"][1]
    return plot[second:]


def check_what_was_heard(story: Story) -> None:
    """Of every reply that was cut, the words whose marks end before the position, and no other."""
    ends: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for mark in story.all(ev.AudioMarked):
        ends[mark.stream].append((mark.end_position, mark.end_char))
    for cut in story.all(ev.ReplyTruncated):
        heard = [char for position, char in ends[cut.reply] if position <= cut.position]
        assert cut.heard == TALE[: max(heard, default=0)]
        assert TALE.startswith(cut.heard + cut.unheard)


def test_words_take_the_floor_and_only_what_was_heard_is_remembered() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast("What about the sun?"))
    (truncated,) = story.all(ev.ReplyTruncated)
    assert truncated.basis == "reported"
    check_what_was_heard(story)
    assert 0 < len(truncated.heard) < len(TALE)
    assert story.chat.prompts[-1] == [
        ("user", QUESTION),
        ("assistant", f"{truncated.heard} —"),
        ("user", "What about the sun?"),
    ]
    assert over(story)[:7] == [
        "SpeechStarted",
        "PlaybackPaused",
        "PlaybackStopped",
        "ReplyTruncated",
        "ReplyDone",
        "SpeechStopped",
        "FinalTranscript",
    ]
    (stopped,) = story.all(ev.PlaybackStopped)
    assert (stopped.reason, story.all(ev.ReplyDone)[0].status) == ("barge_in", "interrupted")


def test_the_reply_is_paused_as_soon_as_there_is_a_voice() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        began.append(story.now)
        await story.say(1.0)

    began: list[float] = []
    story = tell(plot, cast("What about the sun?"))
    assert story.times(ev.PlaybackPaused)[0] - began[0] <= 0.12


@pytest.mark.parametrize("word", ["Mhm.", "Yeah, right.", "Okay.", "Um."])
def test_a_backchannel_lets_the_reply_go_on_to_the_sample(word: str) -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(0.4)
        await story.expect(ev.PlaybackResumed)
        done = await story.expect(ev.ReplyDone)
        assert (done.status, done.text) == ("completed", TALE)
        await story.say(1.0)
        await story.expect(ev.ReplyDone)

    story = tell(plot, cast(word, "And the sun?"))
    assert over(story)[:5] == [
        "SpeechStarted",
        "PlaybackPaused",
        "SpeechStopped",
        "FinalTranscript",
        "PlaybackResumed",
    ]
    assert story.all(ev.FinalTranscript)[1].text == ""
    assert story.chat.prompts[-1] == [
        ("user", QUESTION),
        ("assistant", TALE),
        ("user", "And the sun?"),
    ]
    assert story.counted("false_interruptions_total") == 1


def test_a_cough_is_not_even_a_pause() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.sound(signals.cough(-20))
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast("What?"))
    assert story.all(ev.PlaybackPaused) == []


def test_a_sound_like_a_voice_but_without_words_is_a_short_pause() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(0.3)
        await story.expect(ev.PlaybackResumed)
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast(""))
    assert story.counted("false_interruptions_total") == 1


def test_a_voice_without_words_takes_the_floor_when_it_goes_on() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(1.5)
        await story.expect(ev.ReplyDone, status="interrupted")

    story = tell(plot, cast(""))
    assert story.times(ev.PlaybackStopped)[0] - story.times(ev.PlaybackPaused)[0] < 0.7


def test_a_command_stops_the_reply_at_once() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(0.5)
        await story.expect(ev.ReplyDone, status="interrupted")

    def stopped_after(word: str) -> float:
        script = RecognizerScript((QUESTION, word), words_per_s=10)
        said = Cast(script, ChatScript((TALE,)), settings=slow_words)
        story = tell(plot, said)
        return story.times(ev.PlaybackStopped)[0] - story.times(ev.PlaybackPaused)[0]

    slow_words = {"turn": {"interrupt_words_ms": 600}}
    assert stopped_after("Stop!") < 0.3 < stopped_after("Elephants!")


def test_a_reply_that_hears_itself_goes_on() -> None:
    async def plot(story: Story) -> None:
        await ask(story, 2500)
        await story.say(1.5)
        await story.expect(ev.PlaybackResumed)
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast("around the earth once a month"))
    assert story.counted("echoes_total") >= 1
    assert story.all(ev.PlaybackStopped) == []


def test_instant_mode_stops_at_the_onset() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="interrupted")
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast("What about the sun?", turn={"interrupt": "instant"}))
    assert story.all(ev.PlaybackPaused) == []
    assert story.times(ev.PlaybackStopped)[0] == story.times(ev.SpeechStarted)[1]


def test_with_interruptions_off_the_reply_is_heard_out_and_then_answered() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed", text=TALE)
        await story.expect(ev.ReplyDone, status="completed", text="All right.")

    story = tell(plot, cast("What about the sun?", turn={"interrupt": "off"}))
    assert story.chat.prompts[-1] == [
        ("user", QUESTION),
        ("assistant", TALE),
        ("user", "What about the sun?"),
    ]
    assert story.all(ev.PlaybackPaused) == []


def test_a_protected_announcement_is_heard_out() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.SayRequested("This call may be recorded.", interruptible=False))
        await story.until_sounding(300)
        await story.say(0.8)
        await story.send(ev.ReplyRequested())
        await story.expect(ev.ReplyDone, status="completed", text="This call may be recorded.")
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot)
    assert story.chat.prompts[0] == [("user", "What time is it?")]
    assert story.chat.instructions[0].endswith("You began by saying: This call may be recorded.")
    assert story.all(ev.PlaybackPaused) == []
    assert story.all(ev.PlaybackStopped) == []


def test_a_client_without_reports_is_believed_to_play_in_time() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(1.0)
        await story.expect(ev.ReplyTruncated)

    story = tell(plot, cast("What about the sun?", options=KIOSK))
    (truncated,) = story.all(ev.ReplyTruncated)
    assert truncated.basis == "estimated"
    check_what_was_heard(story)
    assert story.times(ev.ReplyTruncated) == story.times(ev.PlaybackStopped)


def test_a_client_that_never_says_where_it_stopped_is_not_waited_for_long() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        story.reporting = False
        await story.send(ev.ReplyCancelled())
        await story.expect(ev.ReplyDone, status="cancelled")

    story = tell(plot, cast("What about the sun?"))
    waited = story.times(ev.ReplyTruncated)[0] - story.times(ev.PlaybackStopped)[0]
    assert waited == pytest.approx(0.25, abs=0.02)


def test_reports_that_lie_neither_lengthen_what_was_heard_nor_break_anything() -> None:
    async def plot(story: Story) -> None:
        await ask(story, 500)
        story.reporting = False
        await story.send(ev.Pinged(0))
        sent.append(sum(len(frame.samples) for frame in story.all(ev.AudioFrame)))
        for stream, position in ((1, 10**9), (1, -5), (7, 100), (0, 0)):
            await story.send(ev.PlaybackReported(stream, position))
        await story.send(ev.ReplyCancelled())
        await story.expect(ev.ReplyDone)

    sent: list[int] = []
    story = tell(plot, cast("What about the sun?"))
    (truncated,) = story.all(ev.ReplyTruncated)
    assert [truncated.position] == sent
    check_what_was_heard(story)
    assert story.counted("limit_hits_total", limit="playback_position") == 2


def test_text_typed_over_a_reply_stops_it_and_comes_after_what_was_heard() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.send(ev.TextReceived("What about the sun?"))
        await story.expect(ev.ReplyDone, status="cancelled")
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast("?"))
    (truncated,) = story.all(ev.ReplyTruncated)
    assert story.chat.prompts[-1] == [
        ("user", QUESTION),
        ("assistant", f"{truncated.heard} —"),
        ("user", "What about the sun?"),
    ]


def test_muting_while_an_interruption_is_in_doubt_lets_the_reply_go_on() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.say(0.15)
        assert story.all(ev.PlaybackPaused)
        await story.send(ev.MicrophoneMuted(True))
        await story.expect(ev.PlaybackResumed)
        await story.expect(ev.ReplyDone, status="completed", text=TALE)

    tell(plot, cast("What about the sun?"))


def test_yes_is_an_answer_when_the_reply_is_nearly_over_or_has_asked() -> None:
    question = "The moon is far away. Shall I tell you more? I know a lot about it, you know."

    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.AudioStarted)
        await story.until_sounding(2800)
        await story.say(0.5)
        await story.expect(ev.FinalTranscript, text="Yes.")

    script = RecognizerScript(("Where is the moon?", "Yes."))
    story = tell(plot, Cast(script, ChatScript((question, "All right."))))
    assert story.chat.prompts[-1][-1] == ("user", "Yes.")


@pytest.mark.parametrize("seed", range(10))
def test_cancelled_at_any_moment_a_reply_says_nothing_more(seed: int) -> None:
    """The rules that every story is checked by say what "nothing" means."""
    moments = random.Random(seed)

    async def plot(story: Story) -> None:
        for number in range(1, 101):
            await story.send(ev.TextReceived(f"Question {number}."))
            await story.pass_time(moments.uniform(0, 4))
            await story.send(ev.ReplyCancelled())
            await story.expect(ev.ReplyDone, reply=number, status="cancelled")

    settings = {"llm": {"history_bytes_max": 1024}}
    story = tell(plot, Cast(chat=ChatScript((TALE,)), settings=settings))
    check_what_was_heard(story)
    done = story.all(ev.ReplyDone)
    assert len([reply for reply in done if reply.text]) > 50
    for reply, (before, after) in zip(done, pairwise(story.chat.prompts), strict=False):
        *said, (_, asked) = after
        if reply.text:
            assert said[-1] == ("assistant", f"{reply.text} —")
        else:
            assert asked.startswith(before[-1][1])  # a reply that was not heard left no trace
