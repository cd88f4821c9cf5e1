"""The user's turns: what is told, when, and what never was."""

import base64

import pytest

from tests.support.realtime import (
    AUDIO,
    BOTH,
    COMMITTED,
    MANUAL,
    SPOKEN,
    TENTH,
    TRANSCRIBED,
    U1,
    Talk,
    answering,
    final,
    frame,
    inner,
    kinds,
)
from voice_server import events as ev
from voice_server.closes import ErrorCode

pytestmark = pytest.mark.pure


def test_without_transcription_nobody_is_told_the_words() -> None:
    talk = Talk()
    told = talk.tell(
        ev.SpeechStarted(1, 0, False),
        ev.PartialTranscript(1, 1, "Hello", "", "en"),
        ev.SpeechStopped(1, 500),
        final("Hello."),
    )
    assert "transcription" not in " ".join(kinds(told))


def test_a_sound_that_was_nothing_is_never_told() -> None:
    talk = Talk(session=BOTH)
    answering(talk)
    told = talk.tell(
        ev.SpeechStarted(2, 3000, True),
        ev.PlaybackPaused(1),
        ev.PartialTranscript(2, 1, "Mhm", "", "en"),
        ev.SpeechStopped(2, 3500),
        final("", turn=2),
        ev.PlaybackResumed(1),
    )
    assert told == []
    assert kinds(talk.tell(frame())) == [AUDIO]


def test_a_sound_that_was_somebody_is_told_before_the_answer_ends() -> None:
    talk = Talk(session=BOTH)
    answering(talk)
    assert talk.tell(ev.SpeechStarted(2, 3000, True), ev.PlaybackPaused(1)) == []
    told = talk.tell(
        ev.PlaybackStopped(1, "barge_in"), ev.ReplyDone(1, "interrupted", "Good", {}, {})
    )
    assert kinds(told) == ["input_audio_buffer.speech_started", *SPOKEN]
    assert told[0]["audio_start_ms"] == 3000


def test_who_speaks_when_the_answer_has_ended_is_told() -> None:
    talk = Talk(session=BOTH)
    answering(talk)
    talk.tell(ev.ReplyTextDone(1, "Good day."), ev.AudioDone(1, 3360))
    assert talk.tell(ev.SpeechStarted(2, 3000, True)) == []
    told = talk.tell(ev.ReplyDone(1, "completed", "", {}, {}))
    assert kinds(told) == ["input_audio_buffer.speech_started"]


def test_speech_over_an_answer_that_may_not_be_interrupted_is_told_at_once() -> None:
    quiet = {"type": "semantic_vad", "interrupt_response": False}
    talk = Talk(session={"audio": {"input": {"turn_detection": quiet}}})
    answering(talk)
    told = talk.tell(ev.SpeechStarted(2, 3000, True))
    assert kinds(told) == ["input_audio_buffer.speech_started"]


def test_a_commit_and_a_clear_at_once() -> None:
    talk = Talk({"intent": "transcription"}, session=MANUAL)
    talk.tell(ev.SpeechStarted(1, 0, False))
    talk.say("input_audio_buffer.append", audio=TENTH)
    commit, clear = talk.say("input_audio_buffer.commit"), talk.say("input_audio_buffer.clear")
    told = talk.tell(ev.SpeechStopped(1, 500))
    told += [*talk.obey(commit), *talk.obey(clear), *talk.tell(final(""))]
    assert kinds(told) == [*COMMITTED, "input_audio_buffer.cleared", "transcription.completed"]


def test_a_turn_that_is_taken_back_leaves_nothing() -> None:
    talk = Talk(session=MANUAL)
    talk.tell(ev.SpeechStarted(1, 0, False))
    clear = talk.say("input_audio_buffer.clear")
    told = [*talk.tell(ev.SpeechStopped(1, 500), final("")), *talk.obey(clear)]
    assert kinds(told) == ["input_audio_buffer.cleared"]


def test_audio_in_an_item_is_heard_as_a_turn_of_its_own() -> None:
    talk = Talk()
    content = [{"type": "input_audio", "audio": base64.b64encode(bytes(48_000)).decode()}]
    item = {"type": "message", "role": "user", "content": content, "id": "mine"}
    asked = talk.say("conversation.item.create", item=item)
    quiet, heard, commit, restore = inner(asked)
    assert isinstance(quiet, ev.ConfigChanged)
    assert quiet.config.turn["mode"] == "manual"
    assert heard == ev.AudioReceived(bytes(48_000))
    assert commit == ev.AudioCommitted()
    assert isinstance(restore, ev.ConfigChanged)
    assert restore.config.turn["mode"] == "vad"
    told = talk.obey(asked[:1])
    told += talk.tell(ev.SpeechStarted(1, 0, False), ev.SpeechStopped(1, 1000))
    told += talk.obey(asked[2:])
    said = ev.Item(U1, text="Hello.", spoken=True)
    told += talk.tell(final("Hello."), ev.ItemAdded(said, None))
    assert kinds(told) == COMMITTED[1:]
    assert told[0]["item"]["id"] == "mine"
    retrieve = talk.say("conversation.item.retrieve", item_id="mine")
    assert inner(retrieve) == [ev.ItemsWanted(U1)]
    assert talk.tell(ev.ItemsShown((said,), one=True))[0]["item"]["id"] == "mine"


def test_a_recogniser_that_fails_fails_the_turn() -> None:
    talk = Talk(session=TRANSCRIBED)
    told = talk.tell(
        ev.SpeechStarted(1, 0, False),
        ev.SpeechStopped(1, 500),
        ev.ErrorRaised(ErrorCode.ASR_FAILED, "Too slow."),
        final(""),
    )
    assert kinds(told)[-1] == "transcription.failed"
    assert told[-1]["error"] == {"type": "server_error", "message": "Too slow."}


def test_words_that_were_told_are_never_contradicted_by_a_delta() -> None:
    talk = Talk(session=TRANSCRIBED)
    told = talk.tell(
        ev.SpeechStarted(1, 0, False),
        ev.PartialTranscript(1, 1, "I scream", "", "en"),
        ev.SpeechStopped(1, 500),
        final("Ice cream."),
    )
    assert [one["delta"] for one in told if "delta" in one] == ["I scream"]
    assert told[-1]["transcript"] == "Ice cream."
