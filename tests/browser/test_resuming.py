"""web/resuming.js: a page names what it has seen, takes each event once, and knows what is new."""

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

RUN = """async (steps) => {
  const { Resuming } = await import("/resuming.js");
  const resuming = new Resuming();
  const found = [];
  for (const [verb, ...given] of steps) {
    if (verb === "speak") resuming.outgoing.speak(new Int16Array(given[0]));
    else if (verb === "said") {
      const said = [];
      for (let s = resuming.outgoing.take(); s; s = resuming.outgoing.take()) said.push(s.position);
      found.push(said);
    } else if (verb === "request") found.push(resuming.request ?? null);
    else if (verb === "possible") found.push(resuming.possible);
    else if (verb === "audio") {
      const [sequence, stream, position, count] = given;
      const samples = new Int16Array(count);
      found.push(resuming.noteAudio({ sequence, stream, position, samples }));
    } else found.push(resuming[verb](...given) ?? null);
  }
  return found;
}"""


def run(modules: Page, *steps: Sequence[object]) -> list[Any]:
    """What each step but `speak` answered."""
    found: list[Any] = modules.evaluate(RUN, list(steps))
    return found


def ready(token: str, now_ms: int = 0, *, resumed: bool = False, **offer: object) -> list[Any]:
    resume = {"token": token, "ttl_s": 120, **offer}
    return ["greeted", {"session": "ses_1", "resumed": resumed, "resume": resume}, now_ms]


def event(sn: int, **fields: object) -> list[Any]:
    return ["note", {"type": "state", "sn": sn, **fields}]


def test_a_new_page_asks_for_no_session(modules: Page) -> None:
    assert run(modules, ["request"], ["possible"], ready("rt_1")) == [
        None,
        False,
        {"movedSamples": 0, "back": None},
    ]


def test_what_was_said_before_the_server_answered_is_not_lost(modules: Page) -> None:
    assert run(modules, ["speak", 10], ready("rt_1"), ["said"])[-1] == [0]


def test_what_was_said_to_a_server_that_never_answered_is(modules: Page) -> None:
    steps = [["speak", 10], ["lost", 0], ready("rt_1", 1000), ["said"]]
    assert run(modules, *steps)[-1] == []


def test_it_names_the_newest_event_the_newest_token_and_what_it_has_of_the_reply(
    modules: Page,
) -> None:
    steps = [
        ready("rt_1"),
        event(1),
        event(7),
        ["audio", 8, 3, 480, 20],
        ready("rt_2", resumed=True),
    ]
    assert run(modules, *steps, ["request"])[-1] == {
        "session": "ses_1",
        "token": "rt_2",
        "last_sn": 8,
        "last_text_sn": 7,
        "playback": {"stream": 3, "pos": 500},
    }


def test_each_event_and_each_frame_is_taken_once(modules: Page) -> None:
    steps = [event(2), event(2), event(1), ["audio", 3, 1, 0, 9], ["audio", 3, 1, 0, 9], event(4)]
    assert run(modules, ready("rt_1"), *steps)[1:] == [True, False, False, True, False, True]


def test_it_says_again_what_the_server_lacks(modules: Page) -> None:
    spoken: list[Sequence[object]] = [["speak", 10], ["speak", 10], ["said"], ["lost", 0]]
    found = run(
        modules,
        ready("rt_1"),
        *spoken,
        ["speak", 10],
        ready("rt_2", resumed=True, input_pos=10),
        ["said"],
    )
    assert found[-2]["back"] == {"resumed": True, "saidAgain": False, "refused": ""}
    assert found[-1] == [10, 20]


@pytest.mark.parametrize(("back_at", "again"), [(119_000, True), (121_000, False)])
def test_another_session_hears_what_is_still_worth_hearing(
    modules: Page, back_at: int, again: bool
) -> None:
    steps = [ready("rt_1"), event(9), ["speak", 10], ["said"], ["lost", 0], ["lost", 100_000]]
    other = ready("rt_9", back_at, refused="unknown_session")
    *_, greeted, said, news = run(modules, *steps, other, ["said"], event(2))
    assert greeted == {
        "movedSamples": 0 if again else 10,
        "back": {"resumed": False, "saidAgain": again, "refused": "unknown_session"},
    }
    assert (said, news) == ([0] if again else [], True)


def test_acknowledgements_are_for_whoever_asked(modules: Page) -> None:
    ours, theirs = ({"type": "ack", "id": id} for id in ("~1", "mine"))
    assert run(modules, ready("rt_1"), ["note", ours], ["note", theirs])[1:] == [False, True]


def test_a_server_that_keeps_no_sessions_is_asked_for_none(modules: Page) -> None:
    alone = ["greeted", {"session": "ses_1", "resumed": False}, 0]
    found = run(modules, alone, ["possible"], ["request"], ["lost", 0], alone)
    assert found[1:3] == [False, None]
    assert found[-1]["back"] == {"resumed": False, "saidAgain": False, "refused": ""}


def test_who_says_goodbye_begins_anew(modules: Page) -> None:
    steps = [ready("rt_1"), event(7), ["audio", 8, 1, 0, 10], ["speak", 10], ["forget"]]
    found = run(modules, *steps, ["request"], ["said"], ready("rt_2"), event(1), ["request"])
    assert found[-5:-2] == [None, [], {"movedSamples": 0, "back": None}]
    assert (found[-1]["last_sn"], found[-1]["playback"]) == (1, None)
