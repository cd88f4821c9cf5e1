"""web/playback-buffer.js: when it starts, what it counts, and how fast it falls silent."""

import itertools
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

QUANTUM = 128
SOURCE_RATE = 24_000

PLAY = """async (script) => {
  const { PlaybackBuffer } = await import("/playback-buffer.js");
  const buffer = new PlaybackBuffer({ sourceRate: 24000, outputRate: 48000 });
  return script.map(([verb, ...args]) => {
    if (verb === "push") {
      const [stream, position, count, last] = args;
      const samples = new Int16Array(count).fill(16384);
      return buffer.push({ stream, position, last, samples }) ?? null;
    }
    if (verb !== "render") return buffer[verb](args[0]) ?? null;
    const quanta = Array.from({ length: args[0] }, () => {
      const output = new Float32Array(128);
      buffer.render(output);
      return Array.from(output);
    });
    const { stream, position, bufferedMs } = buffer;
    return { samples: quanta.flat(), events: buffer.takeEvents(), stream, position, bufferedMs };
  });
}"""

Step = tuple[str | int | bool, ...]


def _play(modules: Page, *script: Step) -> list[dict[str, Any]]:
    """Run the script; return what each `render` gave."""
    results = modules.evaluate(PLAY, [list(step) for step in script])
    return [result for result in results if result is not None]


def _kinds(rendered: dict[str, Any]) -> list[str]:
    return [event["type"] for event in rendered["events"]]


def test_waits_until_a_little_is_buffered(modules: Page) -> None:
    few = SOURCE_RATE * 20 // 1000
    before, after = _play(
        modules,
        ("push", 1, 0, few, False),
        ("render", 1),
        ("push", 1, few, few, False),
        ("render", 2),
    )
    assert before["events"] == [] and max(before["samples"]) == 0
    assert after["events"] == [{"type": "started", "stream": 1, "position": 0}]
    assert after["samples"][-1] == pytest.approx(0.5, abs=0.1)


def test_a_short_stream_that_is_complete_does_not_wait(modules: Page) -> None:
    (rendered,) = _play(modules, ("push", 1, 0, 100, True), ("render", 3))
    assert _kinds(rendered) == ["started", "drained"]
    assert rendered["events"][1]["position"] == 100


def test_a_stream_that_stalls_before_it_began_is_played_after_a_while(modules: Page) -> None:
    (rendered,) = _play(modules, ("push", 1, 0, 100, False), ("render", 100))
    assert _kinds(rendered) == ["started", "underrun"]


def test_counts_samples_of_the_stream_not_of_the_device(modules: Page) -> None:
    (rendered,) = _play(modules, ("push", 7, 0, 24_000, False), ("render", 75))
    assert rendered["stream"] == 7
    assert rendered["position"] == 75 * QUANTUM // 2
    assert rendered["bufferedMs"] == pytest.approx(800, abs=6)


def test_flush_falls_silent_within_one_quantum_and_without_a_click(modules: Page) -> None:
    _, after = _play(
        modules, ("push", 1, 0, 24_000, False), ("render", 10), ("flush", 1), ("render", 3)
    )
    assert after["events"] == [{"type": "stopped", "stream": 1, "position": 10 * QUANTUM // 2}]
    assert after["samples"][0] == pytest.approx(0.5, abs=0.05)
    assert _largest_step(after["samples"]) < 0.02
    assert set(after["samples"][QUANTUM:]) == {0}
    assert after["stream"] is None and after["bufferedMs"] == 0


def _largest_step(samples: list[float]) -> float:
    return max(abs(after - before) for before, after in itertools.pairwise(samples))


def test_a_pause_keeps_the_place_to_the_sample(modules: Page) -> None:
    _, paused, resumed = _play(
        modules,
        ("push", 1, 0, 24_000, False),
        ("render", 10),
        ("pause", 1),
        ("render", 5),
        ("resume", 1),
        ("render", 2),
    )
    place = 11 * QUANTUM // 2
    assert paused["events"] == [{"type": "paused", "stream": 1, "position": place}]
    assert paused["position"] == place
    assert set(paused["samples"][QUANTUM:]) == {0}
    assert _kinds(resumed) == ["resumed"]
    assert resumed["position"] == 13 * QUANTUM // 2
    assert resumed["samples"][-1] == pytest.approx(0.5, abs=0.01)
    assert _largest_step(paused["samples"] + resumed["samples"]) < 0.02


def test_what_is_stopped_in_a_pause_makes_no_sound(modules: Page) -> None:
    _, _, stopped, following = _play(
        modules,
        ("push", 1, 0, 24_000, False),
        ("render", 10),
        ("pause", 1),
        ("render", 2),
        ("flush", 1),
        ("render", 2),
        ("push", 2, 0, 24_000, False),
        ("render", 2),
    )
    assert _kinds(stopped) == ["stopped"]
    assert set(stopped["samples"]) == {0}
    assert _kinds(following) == ["started"]
    assert following["samples"][-1] == pytest.approx(0.5, abs=0.01)


def test_flush_spares_the_next_stream(modules: Page) -> None:
    (rendered,) = _play(
        modules,
        ("push", 1, 0, 24_000, True),
        ("push", 2, 0, 24_000, True),
        ("flush", 1),
        ("render", 2),
    )
    assert _kinds(rendered) == ["stopped", "started"]
    assert rendered["stream"] == 2


def test_a_stream_stopped_after_its_end_was_heard_whole(modules: Page) -> None:
    _, after = _play(modules, ("push", 1, 0, 100, True), ("render", 3), ("flush", 1), ("render", 1))
    assert after["events"] == [{"type": "stopped", "stream": 1, "position": 100}]


def test_the_end_may_be_told_later(modules: Page) -> None:
    queued, dry = _play(
        modules,
        ("push", 1, 0, 1000, False),
        ("end", 1),
        ("render", 20),
        ("push", 2, 0, 1000, False),
        ("render", 20),
        ("end", 2),
        ("render", 1),
    )[::2]
    assert queued["events"][-1] == {"type": "drained", "stream": 1, "position": 1000}
    assert dry["events"] == [{"type": "drained", "stream": 2, "position": 1000}]


def test_the_position_stands_still_while_it_waits(modules: Page) -> None:
    first, second = _play(modules, ("push", 1, 0, 1000, False), ("render", 20), ("render", 1))
    assert first["position"] == second["position"] == 1000


def test_streams_follow_each_other(modules: Page) -> None:
    (rendered,) = _play(
        modules, ("push", 1, 0, 1000, True), ("push", 2, 0, 1000, True), ("render", 40)
    )
    assert [(e["type"], e["stream"]) for e in rendered["events"]] == [
        ("started", 1),
        ("drained", 1),
        ("started", 2),
        ("drained", 2),
    ]


def test_running_dry_makes_it_more_patient(modules: Page) -> None:
    _, still, again = _play(
        modules,
        ("push", 1, 0, 960, False),
        ("render", 20),
        ("push", 1, 960, 960, False),
        ("render", 1),
        ("push", 1, 1920, 960, False),
        ("render", 2),
    )
    assert max(still["samples"]) == 0
    assert again["position"] > 960 and "started" not in _kinds(again)


def test_what_nobody_plays_is_bounded(modules: Page) -> None:
    half_minute = SOURCE_RATE * 30
    (rendered,) = _play(
        modules,
        ("push", 1, 0, half_minute + 1, False),
        ("push", 1, half_minute + 1, 100, False),
        ("render", 1),
    )
    assert "overflow" in _kinds(rendered)
    assert rendered["bufferedMs"] <= 30_000
