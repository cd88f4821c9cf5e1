"""web/conversation.js: from server events to what stands on the screen."""

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TELL = """async (events) => {
  const { Conversation } = await import("/conversation.js");
  const conversation = new Conversation();
  for (const event of events) {
    if (event.type === "typed") conversation.type(event.text);
    else if (event.type === "lost") conversation.breakOff("Begun anew.", event.saidAgain);
    else if (event.type === "heard") conversation.heard(event.stream, event.ms);
    else if (event.type === "played") conversation.played(event.stream, event.position);
    else conversation.apply(event);
  }
  return conversation.entries;
}"""

READY = {"type": "ready"}


def _entries(modules: Page, *events: Mapping[str, object]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = modules.evaluate(TELL, list(events))
    return entries


def _partial(item: int, stable: str, unstable: str) -> dict[str, object]:
    return {"type": "transcript.partial", "item": item, "stable": stable, "unstable": unstable}


def _final(item: int, text: str) -> dict[str, object]:
    return {"type": "transcript.final", "item": item, "text": text}


def _delta(response: int, text: str) -> dict[str, object]:
    return {"type": "text.delta", "response": response, "text": text}


def test_words_are_volatile_then_committed_then_final(modules: Page) -> None:
    (entry,) = _entries(modules, READY, _partial(1, "", "what"), _partial(1, "What", "time is"))
    assert (entry["stable"], entry["unstable"], entry["done"]) == ("What", "time is", False)
    (entry,) = _entries(modules, READY, _partial(1, "What", "tame"), _final(1, "What time is it?"))
    assert (entry["stable"], entry["unstable"], entry["done"]) == ("What time is it?", "", True)


def test_a_turn_that_was_nothing_leaves_nothing(modules: Page) -> None:
    assert _entries(modules, READY, _partial(1, "", "hm"), _final(1, "")) == []


def test_a_reply_grows_token_by_token(modules: Page) -> None:
    (entry,) = _entries(modules, READY, _delta(1, "It is"), _delta(1, " noon."))
    assert entry["speaker"] == "assistant"
    assert entry["stable"] == "It is noon."


def test_an_interruption_leaves_what_was_not_heard(modules: Page) -> None:
    (entry,) = _entries(
        modules,
        READY,
        _delta(1, "Once upon a time."),
        {"type": "response.truncated", "response": 1, "heard": "Once", "unheard": " upon a time."},
        {"type": "response.done", "response": 1, "status": "interrupted", "metrics": {"llm_ms": 3}},
    )
    assert (entry["stable"], entry["unheard"]) == ("Once", " upon a time.")
    assert (entry["outcome"], entry["done"]) == ("interrupted", True)
    assert entry["latency"]["parts"] == {"llm_ms": 3}


def test_latencies_come_in_pieces(modules: Page) -> None:
    (entry,) = _entries(
        modules,
        READY,
        {"type": "response.started", "response": "resp_4", "stream": 4},
        {"type": "metrics", "response": "resp_4", "metrics": {"llm_ms": 3}},
        {"type": "heard", "stream": 4, "ms": 640},
        {
            "type": "response.done",
            "response": "resp_4",
            "status": "completed",
            "metrics": {"tts_ms": 5},
        },
    )
    assert entry["latency"]["parts"] == {"llm_ms": 3, "tts_ms": 5}
    assert entry["latency"]["heardMs"] == 640


def test_answers_are_compared_with_those_before(modules: Page) -> None:
    done = {"type": "response.done", "status": "completed"}
    entries = _entries(
        modules,
        READY,
        {**done, "response": "resp_1", "metrics": {"llm_ms": 100}},
        {**done, "response": "resp_2", "metrics": {"llm_ms": 300}},
        {**done, "response": "resp_3", "metrics": {"llm_ms": 900}},
    )
    assert [entry["latency"]["medianMs"] for entry in entries] == [None, 200, 300]


def test_a_tool_stands_where_it_was_called(modules: Page) -> None:
    call = {"type": "tool.call", "response": 1, "call": "call_1", "name": "add", "args": {"a": 1}}
    result = {"id": "it_9", "kind": "tool_result", "call": "call_1", "output": "2"}
    entries = _entries(
        modules, READY, _final(1, "One and one?"), call, {"type": "item.added", "item": result}
    )
    assert [entry["speaker"] for entry in entries] == ["user", "tool"]
    assert (entries[1]["stable"], entries[1]["details"]) == ("add", ['{"a":1}', "2"])


def test_items_that_are_no_results_change_nothing(modules: Page) -> None:
    message = {"id": "it_1", "kind": "message", "role": "user", "text": "Hello."}
    assert _entries(modules, READY, {"type": "item.added", "item": message}) == []


def _mark(position: int, from_char: int, to_char: int) -> dict[str, object]:
    return {"type": "audio.mark", "stream": 1, "pos": position, "chars": [from_char, to_char]}


@pytest.mark.parametrize(("position", "spoken"), [(-1, 0), (0, 2), (99, 2), (100, 5), (10_000, 5)])
def test_words_are_spoken_as_their_samples_play(modules: Page, position: int, spoken: int) -> None:
    (entry,) = _entries(
        modules,
        READY,
        {"type": "response.started", "response": "resp_1", "stream": 1},
        {"type": "text.delta", "response": "resp_1", "text": "It is noon."},
        _mark(0, 0, 2),
        _mark(100, 3, 5),
        {"type": "played", "stream": 1, "position": position},
    )
    assert entry["spoken"] == spoken


def test_numbers_of_a_new_session_do_not_touch_the_old(modules: Page) -> None:
    old, new = _entries(modules, READY, _partial(1, "Old", ""), READY, _partial(1, "New", ""))
    assert (old["stable"], old["done"]) == ("Old", True)
    assert (new["stable"], new["done"]) == ("New", False)


def test_typed_messages_stand_where_they_were_typed(modules: Page) -> None:
    entries = _entries(modules, READY, _final(1, "Hello."), {"type": "typed", "text": "Hm?"})
    assert [entry["stable"] for entry in entries] == ["Hello.", "Hm?"]


def test_the_oldest_entries_are_forgotten(modules: Page) -> None:
    entries = _entries(modules, READY, *(_final(turn, f"Turn {turn}.") for turn in range(1, 301)))
    assert len(entries) == 200
    assert entries[-1]["stable"] == "Turn 300."


def test_events_it_does_not_know_change_nothing(modules: Page) -> None:
    assert _entries(modules, READY, {"type": "flow"}, {"type": "state", "state": "listening"}) == []


def _said(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["speaker"], entry["stable"]) for entry in entries]


def test_another_session_is_set_apart_and_what_it_hears_again_stands_there_once(
    modules: Page,
) -> None:
    before = (READY, _final(1, "Hello."), _partial(2, "What", "time"))
    lost = {"type": "lost", "saidAgain": True}
    again = (lost, READY, _final(1, "What time is it?"))
    assert _said(_entries(modules, *before, *again)) == [
        ("user", "Hello."),
        ("break", "Begun anew."),
        ("user", "What time is it?"),
    ]


def test_what_another_session_does_not_hear_again_stays(modules: Page) -> None:
    lost = {"type": "lost", "saidAgain": False}
    assert _said(_entries(modules, READY, _partial(1, "What", "time"), lost, READY)) == [
        ("user", "What"),
        ("break", "Begun anew."),
    ]


def test_where_nothing_was_said_nothing_is_set_apart(modules: Page) -> None:
    lost = {"type": "lost", "saidAgain": True}
    assert _entries(modules, READY, _partial(1, "", "What"), lost, READY) == []


def test_a_reply_that_was_broken_off_keeps_what_was_heard(modules: Page) -> None:
    mark = {"type": "audio.mark", "stream": 1, "pos": 0, "chars": [0, 4]}
    started = {"type": "response.started", "response": 1, "stream": 1}
    played = {"type": "played", "stream": 1, "position": 9}
    told = (READY, started, _delta(1, "Once upon a time"), mark, played)
    (entry,) = _entries(modules, *told, READY)
    assert (entry["stable"], entry["unheard"]) == ("Once", " upon a time")
    assert (entry["done"], entry["outcome"]) == (True, "lost")
    (written,) = _entries(modules, READY, _delta(1, "Once upon"), READY)
    assert (written["stable"], written["unheard"], written["outcome"]) == ("Once upon", "", "lost")
