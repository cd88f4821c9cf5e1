"""web/voice-client.js with tools, requested replies and items, against the real server."""

from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TALK = """async ({ tool, said, respond }) => {
  const { VoiceClient } = await import("/voice-client.js");
  const client = new VoiceClient();
  const parameters = { type: "object", properties: { place: { type: "string" } } };
  const run = {
    answers: ({ place }) => Promise.resolve({ place, celsius: 21 }),
    fails: () => { throw new Error("The station is down."); },
    babbles: () => "x".repeat(20_000),
  }[tool];
  if (run) client.tools = { get_weather: { description: "The weather.", parameters, run } };
  const events = [];
  const over = new Promise((resolve) => {
    client.addEventListener("event", ({ detail }) => {
      events.push(detail);
      if (detail.type === "ready" && said) client.sendText(said);
      if (detail.type === "ready" && respond) client.respond(respond);
      const called = events.some(({ type }) => type === "tool.call");
      const done = events.filter(({ type }) => type === "response.done").length;
      if (done > (called ? 1 : 0)) resolve();
    });
  });
  await client.start({ microphone: false });
  await over;
  client.stop();
  return events;
}"""


def _events(modules: Page, **told: object) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = modules.evaluate(TALK, told)
    return events


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


@pytest.mark.parametrize(
    ("tool", "told"),
    [("answers", "21"), ("fails", "station is down"), ("babbles", "more than 12000")],
)
def test_a_tool_of_the_page_is_run_and_its_result_is_spoken(
    modules: Page, tool: str, told: str
) -> None:
    events = _events(modules, tool=tool, said="Use the get weather tool in Vienna.")
    (call,) = _of(events, "tool.call")
    assert (call["name"], call["args"], call["by"]) == (
        "get_weather",
        {"place": "Vienna"},
        "client",
    )
    assert told in _of(events, "response.done")[-1]["text"]
    kinds = [event["item"]["kind"] for event in _of(events, "item.added")]
    assert kinds == ["message", "tool_call", "tool_result", "message"]


def test_a_reply_on_request_takes_its_options(modules: Page) -> None:
    asked = {"instructions": "Say hello.", "modalities": ["text"], "metadata": {"for": "a test"}}
    events = _events(modules, respond=asked)
    (started,) = _of(events, "response.started")
    assert (started["modalities"], started["metadata"]) == (["text"], {"for": "a test"})
    assert _of(events, "audio.started") == []
    (done,) = _of(events, "response.done")
    assert done["status"] == "completed" and done["text"]


UNKNOWN_TOOL = """async () => {
  const { answer } = await import("/tools.js");
  return answer({}, { call: "call_1", name: "toString", args: {} });
}"""


def test_a_tool_that_is_not_there_is_an_answer_too(modules: Page) -> None:
    assert modules.evaluate(UNKNOWN_TOOL) == {
        "type": "tool.result",
        "call": "call_1",
        "error": "There is no tool “toString” here.",
    }
