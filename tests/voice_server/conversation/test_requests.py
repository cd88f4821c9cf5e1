"""Replies that a client asks for, and a history that it reads and writes."""

import pytest

from audio.formats import AudioFormat, Codec
from models.scripted import ChatScript, RecognizerScript
from tests.support.story import KIOSK, Cast, Story, tell
from voice_server import events as ev
from voice_server.conversation.history import FRONT

pytestmark = pytest.mark.story

TALE = "The moon goes around the earth once a month. It has no air and no water at all."
WRITTEN = ev.ReplyRequested(speaks=False)


def test_a_reply_may_be_written_only() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.ReplyRequested(instructions="Be brief.", speaks=False, tag="t"))
        await story.expect(ev.ReplyDone)

    story = tell(plot)
    (started,) = story.all(ev.ReplyStarted)
    assert (started.speaks, started.request and started.request.tag) == (False, "t")
    assert story.all(ev.AudioFrame) == []
    (done,) = story.all(ev.ReplyDone)
    assert (done.status, done.text) == ("completed", ChatScript().texts[0])
    assert story.chat.instructions == ["Be brief."]


def test_a_session_may_be_written_only() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.ConfigChanged(ev.SessionConfig(speaks=False)))
        await story.say(1.0)
        await story.expect(ev.ReplyDone)

    assert tell(plot).all(ev.AudioFrame) == []


def test_who_stops_what_is_only_written_keeps_what_was_written() -> None:
    async def plot(story: Story) -> None:
        await story.send(WRITTEN)
        await story.expect(ev.ReplyText)
        await story.send(ev.ReplyCancelled())
        await story.expect(ev.ReplyDone, status="cancelled")

    story = tell(plot, Cast(chat=ChatScript((TALE,))))
    written = "".join(piece.text for piece in story.all(ev.ReplyText))
    assert story.all(ev.ReplyDone)[0].text == written != ""


def test_a_reply_beside_the_conversation_is_made_while_another_is_spoken() -> None:
    aside = ev.ReplyRequested(speaks=False, aside=True, input=(ev.Item("x", text="Sum up."),))

    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Tell me."))
        await story.until_sounding(300)
        await story.send(aside)
        await story.expect(ev.ReplyDone, reply=2)
        await story.expect(ev.ReplyDone, reply=1)

    story = tell(plot, Cast(chat=ChatScript((TALE, "A tale."))), strict=False)
    assert [done.status for done in story.all(ev.ReplyDone)] == ["completed", "completed"]
    assert story.chat.prompts[-1] == [("user", "Sum up.")]
    remembered = [item.text for item in story.remembered]
    assert remembered == ["Tell me.", TALE]


def test_only_so_many_are_made_beside_the_conversation() -> None:
    async def plot(story: Story) -> None:
        for number in range(5):
            asked = ev.ReplyRequested(speaks=False, aside=True)
            await story.send(ev.Identified(str(number), asked))
        await story.send(ev.ReplyCancelled())
        await story.send(ev.ReplyCancelled(3))

    story = tell(plot, strict=False)
    (error,) = story.all(ev.ErrorRaised)
    assert (error.code, error.id) == ("rate_limited", "4")
    assert [done.status for done in story.all(ev.ReplyDone)] == ["cancelled"] * 4


def test_one_reply_follows_another_without_cutting_it() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Tell me."))
        await story.expect(ev.AudioDone)
        await story.send(ev.ReplyRequested(follows=True))
        await story.expect(ev.ReplyDone, reply=2)

    story = tell(plot, Cast(chat=ChatScript(("One two three.", "Four."))))
    assert [done.status for done in story.all(ev.ReplyDone)] == ["completed", "completed"]
    assert story.all(ev.PlaybackStopped) == []


def test_voice_stops_both_the_reply_that_sounds_and_the_one_that_follows() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Tell me."))
        await story.expect(ev.AudioDone)
        await story.send(ev.ReplyRequested(follows=True))
        await story.expect(ev.ReplyStarted, reply=2)
        await story.say(1.5)
        await story.expect(ev.ReplyDone, reply=2)

    long = "One two three four five six seven eight nine ten eleven."
    cast = Cast(RecognizerScript(("What about the sun?",)), ChatScript((long, TALE)), options=KIOSK)
    story = tell(plot, cast, strict=False)
    assert [stop.stream for stop in story.all(ev.PlaybackStopped)] == [1, 2]
    heard = {cut.reply: cut.heard for cut in story.all(ev.ReplyTruncated)}
    assert 0 < len(heard[1]) < len(long)
    assert heard[2] == ""
    assert [item.text for item in story.remembered][1] == heard[1]


def test_a_client_may_say_later_that_it_played_less() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Tell me."))
        await story.expect(ev.ReplyDone)
        await story.send(ev.ReplyClipped(1, 1500))

    story = tell(plot, Cast(chat=ChatScript((TALE,)), options=KIOSK), strict=False)
    (cut,) = story.all(ev.ReplyTruncated)
    assert cut.ms == 1500
    assert TALE.startswith(cut.heard)
    assert 0 < len(cut.heard) < len(TALE)
    assert [item.text for item in story.remembered][1] == cut.heard


@pytest.mark.parametrize("ms", [10_000_000, 0])
def test_a_reply_that_plays_is_cut_where_the_client_says(ms: int) -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Tell me."))
        await story.until_sounding(500)
        await story.send(ev.ReplyClipped(1, ms))
        await story.expect(ev.ReplyDone, status="cancelled")

    story = tell(plot, Cast(chat=ChatScript((TALE,)), options=KIOSK))
    (cut,) = story.all(ev.ReplyTruncated)
    sent = sum(len(frame.samples) for frame in story.all(ev.AudioFrame))
    assert cut.position == min(sent, ms * 16)


def test_what_is_not_there_cannot_be_cut() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.Identified("a", ev.ReplyClipped(7, 100)))

    (error,) = tell(plot).all(ev.ErrorRaised)
    assert (error.id, error.message) == ("a", "there is no reply 7 of which that could be said")


def test_the_history_is_written_and_read() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.ItemInserted(ev.Item("b", text="What is up?")))
        await story.send(ev.ItemInserted(ev.Item("a", role="system", text="Rhyme."), FRONT))
        await story.send(ev.ItemInserted(ev.Item("c", role="assistant", text="Not me."), "b"))
        await story.send(ev.ItemsWanted())
        await story.send(ev.ItemDeleted("c"))
        await story.send(ev.Identified("x", ev.ItemDeleted("c")))
        await story.send(ev.ReplyRequested())
        await story.expect(ev.ReplyDone)

    story = tell(plot)
    (shown,) = story.all(ev.ItemsShown)
    assert [item.id for item in shown.items] == ["a", "b", "c"]
    assert story.all(ev.ErrorRaised)[0].message == "there is no item 'c'"
    assert story.chat.prompts == [[("user", "What is up?")]]
    assert story.chat.instructions[0].endswith("Rhyme.")


def test_a_reply_asked_for_while_the_words_are_awaited_answers_them() -> None:
    """Push-to-talk clients commit and ask in one breath."""

    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.send(ev.AudioCommitted())
        await story.send(ev.ReplyRequested(follows=True, tag="mine"))
        await story.expect(ev.ReplyDone)

    turn = {"mode": "manual"}
    config = ev.SessionConfig(turn=turn, answers=False)
    options = ev.SessionOptions(output_rate=16_000, framed=False, config=config)
    story = tell(plot, Cast(options=options))
    (started,) = story.all(ev.ReplyStarted)
    assert (started.cause, started.turn) == ("request", 1)
    assert started.request is not None
    assert started.request.tag == "mine"
    assert story.chat.prompts == [[("user", "What time is it?")]]


def test_turns_are_only_written_down_when_no_answers_are_wanted() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.ConfigChanged(ev.SessionConfig(answers=False)))
        await story.say(1.0)
        await story.expect(ev.FinalTranscript)
        await story.silence(2)

    story = tell(plot)
    assert story.all(ev.ReplyStarted) == []
    assert [item.text for item in story.remembered] == ["What time is it?"]


def test_formats_may_change_on_the_way() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.FormatsChanged(AudioFormat(Codec.PCM_S16LE, 16_000), Codec.PCMU, 8_000))
        await story.send(ev.FormatsChanged(AudioFormat(Codec.PCMU, 8_000)))
        await story.send(ev.AudioReceived(bytes(8_000)))
        await story.send(ev.SayRequested("Hello."))
        await story.expect(ev.ReplyDone)

    story = tell(plot, Cast(options=KIOSK))
    confirmed = story.all(ev.FormatsConfirmed)[-1]
    assert (confirmed.input.rate, confirmed.output_codec, confirmed.output_rate) == (
        8_000,
        Codec.PCMU,
        8_000,
    )
    seconds = story.all(ev.AudioDone)[0].total_samples / 8_000
    assert seconds == pytest.approx(6 * 0.06, abs=0.05), "six characters at 60 ms"
    assert story.all(ev.InputFlow)[-1].position >= 8_000
