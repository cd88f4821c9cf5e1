"""web/settings.js: what is kept, what is refused, and what becomes of it in the session."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from voice_server.settings import TurnSettings

pytestmark = pytest.mark.browser

LOAD = """async (kept) => (await import("/settings.js")).load({ getItem: () => kept })"""
DEFAULTS = """async () => (await import("/settings.js")).DEFAULTS"""
CONFIG = """async (changes) => {
  const { DEFAULTS, configOf } = await import("/settings.js");
  return configOf({ ...DEFAULTS, ...changes });
}"""


@pytest.mark.parametrize("kept", [None, "", "{", "null", "[]", '{"eagerness": "wild", "voice": 7}'])
def test_whatever_lies_in_the_storage_gives_settings(modules: Page, kept: str | None) -> None:
    assert modules.evaluate(LOAD, kept) == modules.evaluate(DEFAULTS)


def test_what_was_chosen_comes_back_and_nothing_else(modules: Page) -> None:
    kept = {"voice": "de", "talking": "held", "something": "else"}
    loaded: dict[str, Any] = modules.evaluate(LOAD, json.dumps(kept))
    assert loaded == {**modules.evaluate(DEFAULTS), "voice": "de", "talking": "held"}


@pytest.mark.parametrize("eagerness", ["low", "auto", "high"])
@pytest.mark.parametrize("interrupt", ["confirm", "instant", "off"])
@pytest.mark.parametrize(("talking", "mode"), [("open", "vad"), ("held", "manual")])
def test_every_choice_is_one_that_the_server_knows(
    modules: Page, eagerness: str, interrupt: str, talking: str, mode: str
) -> None:
    chosen = {"eagerness": eagerness, "interrupt": interrupt, "talking": talking}
    turn = modules.evaluate(CONFIG, chosen)["turn"]
    assert turn == {"mode": mode, "eagerness": eagerness, "interrupt": interrupt}
    assert TurnSettings(**turn).eagerness == eagerness


def test_what_is_left_to_the_server_is_not_mentioned(modules: Page) -> None:
    sent = modules.evaluate(f"async () => JSON.parse(JSON.stringify(await ({CONFIG})({{}})))")
    assert set(sent) == {"modalities", "turn"}
