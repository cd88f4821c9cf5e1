"""One reply at a time: queued, held, paused, stopped, and remembered as far as it was heard."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.support.booth import Booth
from tests.support.story import PAGE
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.aftermath import SETTLE_S
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.speaker import CALLS_WAITING_MAX, HELD_MS_MAX
from voice_server.conversation.turns import Floor

pytestmark = pytest.mark.story

TALE = "The moon goes around the earth once a month. It has no air and no water at all."
QUESTION = "What time is it?"
ANSWER = ReplyCall("vad", 1)
EARLY = ReplyCall("vad", 1, foreseen=QUESTION)


def perform(
    play: Callable[[Booth], Awaitable[None]], *texts: str, options: ev.SessionOptions | None = None
) -> Booth:
    """Play a scene in a booth, and close it."""

    async def scene() -> Booth:
        booth = Booth(*texts, options=options) if options else Booth(*texts)
        await play(booth)
        booth.speaker.close()
        for _ in range(6):
            await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1
        return booth

    return run_virtual(scene())


def remembered(booth: Booth) -> list[tuple[str, str, str]]:
    return [(item.role, item.text, item.status) for item in booth.speaker.memory.items]


def test_a_reply_takes_the_floor_and_gives_it_back() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        assert booth.turns.floor is Floor.TAKEN
        await booth.pass_time(5)

    booth = perform(play)
    assert booth.speaker.current is None
    assert booth.turns.floor is Floor.FREE
    assert remembered(booth) == [("assistant", "It is noon.", "completed")]
    assert booth.counted("replies_total", status="completed") == 1


def test_what_is_due_is_known_until_everything_was_played() -> None:
    async def play(booth: Booth) -> None:
        assert booth.speaker.next_due(booth.clock()) is None
        booth.speaker.call(ReplyCall("say", text="Dinner is ready."), booth.clock())
        await booth.pass_time(0.5)
        while booth.speaker.current:
            due = booth.speaker.next_due(booth.clock())
            assert due is not None
            await asyncio.sleep(max(0.0, due - booth.clock()))
            booth.work()
        assert booth.clock() == pytest.approx(0.04 + 16 * 0.06, abs=0.1)

    perform(play)


@pytest.mark.parametrize("cause", ["text", "request"])
def test_a_request_stops_the_current_reply(cause: ev.ReplyCause) -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        await booth.pass_time(1)
        booth.speaker.call(ReplyCall(cause), booth.clock())
        await booth.pass_time(6)

    booth = perform(play, TALE, "All right.")
    assert [done.status for done in booth.all(ev.ReplyDone)] == ["cancelled", "completed"]


@pytest.mark.parametrize("cause", ["say", "vad"])
def test_announcements_and_answers_wait_for_their_turn(cause: ev.ReplyCause) -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        booth.speaker.call(ReplyCall(cause, text="And now the news."), booth.clock())
        await booth.pass_time(10)

    booth = perform(play)
    assert [done.text for done in booth.all(ev.ReplyDone)] == ["It is noon.", "And now the news."]


def test_a_protected_reply_is_waited_for_by_everybody() -> None:
    async def play(booth: Booth) -> None:
        call = ReplyCall("say", text="This call may be recorded.", interruptible=False)
        booth.speaker.call(call, booth.clock())
        assert booth.turns.floor is Floor.PROTECTED
        booth.speaker.call(ReplyCall("text"), booth.clock())
        await booth.pass_time(10)

    booth = perform(play)
    assert [done.status for done in booth.all(ev.ReplyDone)] == ["completed", "completed"]


def test_only_so_many_may_wait() -> None:
    async def play(booth: Booth) -> None:
        for _ in range(CALLS_WAITING_MAX + 2):
            booth.speaker.call(ReplyCall("say", text="Hello."), booth.clock())

    assert len(perform(play).all(ev.ErrorRaised)) == 1


def test_stopping_forgets_those_that_wait() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ReplyCall("say", text="One."), booth.clock())
        booth.speaker.call(ReplyCall("say", text="Two."), booth.clock())
        booth.speaker.stop("cancelled", booth.clock())
        await booth.pass_time(5)

    booth = perform(play)
    assert [done.text for done in booth.all(ev.ReplyDone)] == [""]
    assert booth.counted("late_events_total") == 0, "the task had not begun"


def test_a_held_reply_makes_no_sound_and_leaves_at_once_when_it_is_called_for() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.foresee(EARLY)
        await booth.pass_time(3)
        assert booth.said == []
        assert booth.turns.floor is Floor.FREE
        booth.speaker.user_said(QUESTION, booth.clock())
        booth.speaker.call(ANSWER, booth.clock())
        booth.work()
        assert booth.all(ev.AudioFrame)
        await booth.pass_time(5)

    booth = perform(play)
    assert booth.chat.prompts == [[("user", "What time is it?")]]
    assert [type(event).__name__ for event in booth.said[:2]] == ["ItemAdded", "ReplyStarted"]
    assert booth.counted("speculations_total", outcome="used") == 1


@pytest.mark.parametrize(
    ("said", "instructions", "call"),
    [
        ("What time was it?", None, ANSWER),
        (QUESTION, None, ReplyCall("vad", 2)),
        (QUESTION, None, ReplyCall("request")),
        (QUESTION, "Answer in verse.", ANSWER),
        (f"My name is Ada. {QUESTION}", None, ANSWER),
    ],
    ids=["other words", "another turn", "something else", "other instructions", "words before"],
)
def test_a_held_reply_answers_nothing_else(
    said: str, instructions: str | None, call: ReplyCall
) -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.foresee(EARLY)
        await booth.pass_time(1)
        booth.speaker.configure(ev.SessionConfig(instructions=instructions))
        booth.speaker.user_said(said, booth.clock())
        booth.speaker.call(call, booth.clock())
        await booth.pass_time(5)

    booth = perform(play)
    assert [done.reply for done in booth.all(ev.ReplyDone)] == [1], "it took no number"
    assert booth.counted("speculations_total", outcome="wasted") == 1
    assert booth.counted("speculation_wasted_tokens_total") == 3


def test_a_held_reply_that_is_forgotten_never_existed() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.foresee(EARLY)
        await booth.pass_time(0.2)
        booth.speaker.forget_foreseen()
        await booth.pass_time(5)

    booth = perform(play)
    assert booth.said == []
    assert remembered(booth) == []


def test_a_held_reply_makes_little_audio() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.foresee(EARLY)
        await booth.pass_time(10)
        booth.speaker.forget_foreseen()
        wasted_s = booth.counted("speculation_wasted_seconds_total")
        assert HELD_MS_MAX / 1000 <= wasted_s <= HELD_MS_MAX / 1000 + 0.2

    perform(play, TALE)


def test_a_stopped_reply_waits_a_moment_for_the_client_to_say_how_far_it_got() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        await booth.pass_time(3)
        booth.speaker.stop("interrupted", booth.clock())
        assert booth.all(ev.ReplyTruncated) == []
        await booth.pass_time(SETTLE_S / 2)
        report = ev.PlaybackReported(1, 12 * 960, "stopped")
        booth.speaker.reported(report, booth.clock())

    booth = perform(play, TALE, options=PAGE)
    (truncated,) = booth.all(ev.ReplyTruncated)
    assert (truncated.heard, truncated.basis) == ("The moon", "reported")
    assert remembered(booth) == [("assistant", "The moon", "incomplete")]


def test_without_a_word_from_the_client_the_estimate_ends_where_playback_was_stopped() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        await booth.pass_time(1.5)
        stopped.append(booth.speaker.current.playout.position(booth.clock()))  # type: ignore[union-attr]
        booth.speaker.stop("interrupted", booth.clock())
        await booth.pass_time(SETTLE_S * 2)

    stopped: list[int] = []
    booth = perform(play, TALE, options=PAGE)
    assert [truncated.position for truncated in booth.all(ev.ReplyTruncated)] == stopped


def test_what_the_user_says_next_is_remembered_after_what_was_heard() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        await booth.pass_time(1.5)
        booth.speaker.stop("interrupted", booth.clock())
        booth.speaker.user_said("And the sun?", booth.clock())

    booth = perform(play, TALE, options=PAGE)
    assert [role for role, _, _ in remembered(booth)] == ["assistant", "user"]


def test_paused_nothing_leaves_and_nothing_is_lost() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        await booth.pass_time(1)
        booth.speaker.pause(booth.clock())
        before = len(booth.all(ev.AudioFrame))
        await booth.pass_time(5)
        assert len(booth.all(ev.AudioFrame)) == before
        booth.speaker.resume(booth.clock())
        await booth.pass_time(6)

    booth = perform(play, TALE)
    assert [done.text for done in booth.all(ev.ReplyDone)] == [TALE]
    assert booth.counted("false_interruptions_total") == 1


def test_what_arrives_late_is_dropped_and_counted() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        booth.speaker.stop("cancelled", booth.clock())
        said = len(booth.said)
        booth.speaker.take(ev.ReplyWritten(1, "too late"), booth.clock())
        assert len(booth.said) == said

    assert perform(play).counted("late_events_total") == 1


def test_stopping_ends_what_was_being_made_to_follow() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        await booth.pass_time(1)
        follows = ReplyCall("request", request=ev.ReplyRequested(follows=True))
        booth.speaker.call(follows, booth.clock())
        await booth.pass_time(0.1)
        booth.speaker.stop("interrupted", booth.clock())
        assert booth.counted("speculations_total", outcome="wasted") == 1

    perform(play, TALE)


def test_a_loudspeaker_that_stopped_by_itself_after_a_reply_sounds_no_more() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ANSWER, booth.clock())
        await booth.pass_time(10)
        assert booth.all(ev.ReplyDone)
        booth.speaker.reported(ev.PlaybackReported(1, 100, "stopped"), booth.clock())
        assert booth.speaker.sounding(booth.clock()) is None

    perform(play, TALE, options=PAGE)
