"""web/outgoing.js: whatever breaks, the server gets every sample and every message, in order."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MINUTE = 60 * 16_000
SECOND = 16_000

RUN = """async (steps) => {
  const { Outgoing } = await import("/outgoing.js");
  const outgoing = new Outgoing();
  outgoing.keeps = true;
  const found = [];
  const show = (said) => said && (said.id ?? [said.position, said.position + said.samples.length]);
  for (const [verb, given] of steps) {
    if (verb === "speak") outgoing.speak(new Int16Array(given));
    else if (verb === "drain") {
      const drained = [];
      for (let said = outgoing.take(); said; said = outgoing.take()) drained.push(show(said));
      found.push(drained);
    } else if (verb === "take") found.push(show(outgoing.take(given ?? true)));
    else if (verb === "keeps") outgoing.keeps = given;
    else found.push(outgoing[verb](given) ?? null);
  }
  return found;
}"""

TELL = """async (steps) => {
  const { Outgoing } = await import("/outgoing.js");
  const outgoing = new Outgoing();
  outgoing.keeps = true;
  const server = { position: 0, story: [], ids: new Set(), missing: false };
  const arrives = (said) => {
    if (!said) return;
    if (said.samples) {
      if (said.position > server.position) server.missing = true;
      server.position = Math.max(server.position, said.position + said.samples.length);
    } else if (!server.ids.has(said.id)) {
      server.ids.add(said.id);
      server.story.push(`${said.message.name}@${server.position}`);
    }
  };
  for (const [verb, given] of steps) {
    if (verb === "speak") outgoing.speak(new Int16Array(given));
    if (verb === "command") outgoing.command({ name: given });
    if (verb === "send") for (let i = 0; i < given; i += 1) arrives(outgoing.take());
    if (verb === "lose") {
      for (let i = 0; i < given; i += 1) outgoing.take();
      outgoing.again(server.position);
    }
    if (verb === "cover") outgoing.covered(Math.max(0, server.position - given));
  }
  outgoing.again(server.position);
  for (let said = outgoing.take(); said; said = outgoing.take()) arrives(said);
  const { position, story, missing } = server;
  return { position, story, missing };
}"""
"""Plays the server, too: it takes samples by position and messages by id."""

Step = Sequence[object]


def run(modules: Page, *steps: Step) -> list[Any]:
    """What the steps that say something said."""
    script = [[step] if isinstance(step, str) else list(step) for step in steps]
    found: list[Any] = modules.evaluate(RUN, script)
    return found


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("speak"), st.integers(1, 50)),
            st.tuples(st.just("command"), st.just(0)),
            st.tuples(st.just("send"), st.integers(0, 5)),
            st.tuples(st.just("lose"), st.integers(1, 4)),
            st.tuples(st.just("cover"), st.integers(0, 100)),
        ),
        max_size=40,
    )
)
@settings(max_examples=50)
def test_nothing_is_lost_or_taken_twice_however_often_it_breaks(
    modules: Page, steps: list[tuple[str, int]]
) -> None:
    spoken = 0
    story: list[str] = []
    script: list[list[object]] = []
    for verb, amount in steps:
        if verb == "speak":
            spoken += amount
        if verb == "command":
            story.append(f"{len(story)}@{spoken}")
        script.append([verb, str(len(story) - 1) if verb == "command" else amount])
    assert modules.evaluate(TELL, script) == {
        "position": spoken,
        "story": story,
        "missing": False,
    }


def test_the_newest_minute_is_kept_and_little_more(modules: Page) -> None:
    seconds: list[Step] = [("speak", SECOND), "take"] * 70
    said = run(modules, *seconds, ("again", 0), "drain")[-1]
    assert said[-1][1] == 70 * SECOND
    assert 0 <= said[-1][1] - said[0][0] - MINUTE <= SECOND
    assert all(before[1] == after[0] for before, after in pairwise(said))


def test_what_is_covered_is_not_kept(modules: Page) -> None:
    spoken = [("speak", SECOND)] * 3
    said = run(modules, *spoken, "drain", ("covered", 2 * SECOND), ("again", 0), "drain")
    assert said[-1] == [[2 * SECOND, 3 * SECOND]]


def test_what_one_server_has_and_none_has_covered_another_may_ask_for(modules: Page) -> None:
    """The first came back with all of it, and then died."""
    steps = [("speak", 100), ("speak", 100), "drain", ("again", 200), "drain", ("again", 100)]
    assert run(modules, *steps, "drain") == [
        [[0, 100], [100, 200]],
        None,
        [],
        None,
        [[100, 200]],
    ]


def test_an_acknowledged_message_is_not_said_again(modules: Page) -> None:
    mine = ("command", {"type": "text", "id": "mine"})
    ours = ("command", {"type": "text"})
    steps = [mine, ours, "drain", ("acknowledged", "mine"), ("again", 0), "drain"]
    assert run(modules, *steps, ("acknowledged", "~2"), ("again", 0), "drain") == [
        *(True, True),
        ["mine", "~2"],
        *(False, None),
        ["~2"],
        *(True, None),
        [],
    ]


def test_a_server_that_never_answers_is_not_told_more_and_more(modules: Page) -> None:
    taken = run(modules, *[("command", {"type": "text"})] * 257)
    assert taken == [True] * 256 + [False]


def test_audio_waits_where_the_network_takes_none_and_so_does_what_follows(modules: Page) -> None:
    steps = [("speak", 10), ("command", {"id": "end"}), ("take", False), "take", ("take", False)]
    assert run(modules, *steps) == [True, None, [0, 10], "end"]


@pytest.mark.parametrize("keep", [True, False])
def test_a_new_session_begins_with_what_was_spoken_in_vain_or_with_nothing(
    modules: Page, keep: bool
) -> None:
    spoken = [("speak", 50), ("command", {"id": "lost"}), ("speak", 30), "drain", ("speak", 10)]
    other = [("covered", 60), ("afresh", keep), "drain", ("speak", 5), "drain"]
    steps: list[Step] = [*spoken, *other]
    moved, said, later = run(modules, *steps)[-3:]
    assert moved == (50 if keep else 90)
    assert said == ([[0, 30], [30, 40]] if keep else [])
    assert later == ([[40, 45]] if keep else [[0, 5]])


def test_who_cannot_come_back_keeps_nothing(modules: Page) -> None:
    steps = [("keeps", False), ("speak", 50), ("command", {"id": "x"}), "drain", ("again", 0)]
    assert run(modules, *steps, "drain") == [True, [[0, 50], "x"], None, []]
