"""A plan says everything about a reply; two are the same if they lead to the same reply."""

import pytest
from pydantic import create_model

from models.llm import Tool
from voice_server.conversation.casting import Casting, ReplyCall, same_reply
from voice_server.conversation.reply import ReplyPlan
from voice_server.events import Item, ReplyRequested, SessionConfig
from voice_server.settings import Settings
from voice_server.toolbox import ServerTool

pytestmark = pytest.mark.pure


async def look() -> str:
    return "dark"


LOOK = ServerTool(Tool("look", "Look around."), look, create_model("look"))
SING = Tool("sing", "Sing a song.")


def planned(
    call: ReplyCall, *said: str, number: int = 1, config: SessionConfig | None = None
) -> ReplyPlan:
    casting = Casting("ses", Settings(), config or SessionConfig(), {"look": LOOK})
    items = tuple(Item(f"item_{n}", text=text) for n, text in enumerate(said))
    return casting.plan(call, number=number, rate=24_000, items=items)


def test_the_session_goes_before_the_server_and_the_call_before_both() -> None:
    config = SessionConfig(instructions="Be brief.", voice="en-us+f3", speed=1.5)
    by_config = planned(ReplyCall("vad"), "Hi.", config=config)
    assert (by_config.voice, by_config.speed) == ("en-us+f3", 1.5)
    assert by_config.messages[0].content == "Be brief."
    call = ReplyCall("request", request=ReplyRequested(instructions="In verse.", voice="de"))
    by_call = planned(call, "Hi.", config=config)
    assert (by_call.voice, by_call.messages[0].content) == ("de", "In verse.")


def test_what_is_to_be_spoken_needs_no_prompt() -> None:
    said = planned(ReplyCall("say", text="Dinner is ready."), "Hi.")
    assert (said.text, list(said.messages)) == ("Dinner is ready.", [])


def test_plans_for_the_same_words_are_the_same_reply() -> None:
    early = planned(ReplyCall("vad", 1), "What time is it?")
    late = planned(ReplyCall("vad", 1), "What time is it?", number=2)
    assert same_reply(early, late)
    assert early != late, "they have different numbers"
    assert not same_reply(early, planned(ReplyCall("vad", 1), "What time was it?"))
    other = SessionConfig(instructions="In verse.")
    assert not same_reply(early, planned(ReplyCall("vad", 1), "What time is it?", config=other))


def asked(**fields: object) -> ReplyCall:
    return ReplyCall("request", request=ReplyRequested(**fields))  # type: ignore[arg-type]


def test_the_servers_tools_are_offered_with_the_clients() -> None:
    plan = planned(asked(), config=SessionConfig(tools=(SING,), tool_choice="required"))
    assert [tool.name for tool in plan.options.tools] == ["look", "sing"]
    assert plan.options.tool_choice == "required"
    assert plan.server_tools == {"look"}


def test_the_client_runs_what_it_calls_like_one_of_ours() -> None:
    own = Tool("look", "Look through my camera.")
    plan = planned(asked(tools=(own,)), config=SessionConfig(tools=(SING,)))
    assert plan.options.tools == (own,)
    assert plan.server_tools == frozenset()


def test_a_reply_that_has_called_enough_has_to_speak() -> None:
    assert planned(ReplyCall("tool", may_call=False)).options.tool_choice == "none"
    assert planned(ReplyCall("tool")).options.tool_choice == "auto"


def test_a_request_may_be_about_something_else() -> None:
    call = ReplyCall("request", items=(Item("x", text="Summarise."),))
    assert [line.content for line in planned(call, "Hi.").messages[1:]] == ["Summarise."]


def test_limits_and_modality_are_the_requests_or_the_sessions() -> None:
    config = SessionConfig(max_tokens=50, temperature=0.0, speaks=False)
    plan = planned(ReplyCall("vad"), config=config)
    assert (plan.options.max_tokens, plan.options.temperature, plan.speaks) == (50, 0.0, False)
    plan = planned(asked(max_tokens=9, temperature=0.5, speaks=True), config=config)
    assert (plan.options.max_tokens, plan.options.temperature, plan.speaks) == (9, 0.5, True)


def test_other_tools_make_another_reply() -> None:
    with_tools = SessionConfig(tools=(SING,))
    left = planned(ReplyCall("vad"), "Hi.", config=with_tools)
    assert not same_reply(left, planned(ReplyCall("vad"), "Hi."))
    assert same_reply(left, planned(ReplyCall("vad"), "Hi.", number=7, config=with_tools))


def test_no_tool_of_the_servers_is_called_beside_the_conversation() -> None:
    assert planned(asked(aside=True)).options.tools == ()
    assert planned(asked(aside=True, tools=(SING,))).options.tools == (SING,)
