"""A plan says everything about a reply; two are the same if they lead to the same reply."""

import pytest

from voice_server.conversation.casting import ReplyCall, plan, same_reply
from voice_server.conversation.history import History
from voice_server.conversation.reply import ReplyPlan
from voice_server.events import SessionConfig
from voice_server.settings import Settings

pytestmark = pytest.mark.pure


def planned(
    call: ReplyCall, *said: str, number: int = 1, config: SessionConfig | None = None
) -> ReplyPlan:
    history = History(4096)
    for text in said:
        history.user_said(text)
    return plan(
        call,
        number=number,
        session="ses",
        rate=24_000,
        settings=Settings(),
        config=config or SessionConfig(),
        history=history,
    )


def test_the_session_goes_before_the_server_and_the_call_before_both() -> None:
    config = SessionConfig(instructions="Be brief.", voice="en-us+f3", speed=1.5)
    by_config = planned(ReplyCall("vad"), "Hi.", config=config)
    assert (by_config.voice, by_config.speed) == ("en-us+f3", 1.5)
    assert by_config.messages[0].content == "Be brief."
    call = ReplyCall("request", instructions="In verse.", voice="de")
    by_call = planned(call, "Hi.", config=config)
    assert (by_call.voice, by_call.messages[0].content) == ("de", "In verse.")


def test_what_is_to_be_spoken_needs_no_prompt() -> None:
    said = planned(ReplyCall("say", text="Dinner is ready."), "Hi.")
    assert (said.text, list(said.messages)) == ("Dinner is ready.", [])


def test_foreseen_words_are_in_the_prompt_but_not_in_the_history() -> None:
    early = planned(ReplyCall("vad", 1, foreseen="What time is it?"))
    late = planned(ReplyCall("vad", 1), "What time is it?", number=2)
    assert same_reply(early, late)
    assert early != late, "they have different numbers"
    assert not same_reply(early, planned(ReplyCall("vad", 1), "What time was it?"))
    other = SessionConfig(instructions="In verse.")
    assert not same_reply(early, planned(ReplyCall("vad", 1), "What time is it?", config=other))
