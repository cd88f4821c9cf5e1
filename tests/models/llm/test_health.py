"""How a language model is: it says so itself, or is taken to be ready."""

import pytest

from models.llm.fallback_chat import FallbackChat
from models.llm.health import ChatHealth, healths_of
from models.scripted import ChatScript, ScriptedChat

pytestmark = pytest.mark.pure


class _Starting(ScriptedChat):
    healths = (("own", ChatHealth.STARTING),)


def test_one_that_does_not_know_is_taken_to_be_ready() -> None:
    chat = ScriptedChat(ChatScript(("Hello.",)))
    assert healths_of(chat) == [(chat.name, ChatHealth.READY)]


def test_those_of_several_are_told_in_their_order() -> None:
    script = ChatScript(("Hello.",))
    own, other = _Starting(script), ScriptedChat(script)
    expected = [("own", ChatHealth.STARTING), (other.name, ChatHealth.READY)]
    assert list(healths_of(FallbackChat([own, other]))) == expected
