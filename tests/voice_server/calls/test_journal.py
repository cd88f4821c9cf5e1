"""The journal tells the rest exactly, or says that it cannot; and it is bounded whatever comes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.calls.journal import Entry, Journal, JournalLimits, Played
from voice_server.events import AudioFrame

pytestmark = pytest.mark.pure

ROOMY = JournalLimits(events_max=1000, bytes_max=100_000, s_max=100, audio_bytes_max=100_000)


def frame(stream: int, position: int, samples: int) -> AudioFrame:
    audio = np.arange(position, position + samples, dtype=np.int16)
    return AudioFrame(stream, position, audio)


def numbers(entries: list[Entry] | None) -> list[int] | None:
    return None if entries is None else [entry.number for entry in entries]


def audio_of(entries: list[Entry] | None) -> list[tuple[int, list[int]]]:
    frames = (entry.said for entry in entries or [])
    return [(f.position, f.samples.tolist()) for f in frames if isinstance(f, AudioFrame)]


said = st.one_of(
    st.text("ab", max_size=300),
    st.builds(frame, st.integers(1, 3), st.integers(0, 5000), st.integers(0, 200)),
)
limits = st.builds(
    JournalLimits,
    events_max=st.integers(1, 20),
    bytes_max=st.integers(1, 2000),
    s_max=st.floats(0.5, 20),
    audio_bytes_max=st.integers(0, 1000),
)


@given(limits, st.lists(st.tuples(st.floats(0, 3), said), max_size=60), st.integers(0, 70))
def test_the_rest_is_whole_or_refused_and_nothing_grows(
    limits: JournalLimits, story: list[tuple[float, str | AudioFrame]], seen: int
) -> None:
    journal = Journal(limits)
    now = 0.0
    for number, (wait_s, what) in enumerate(story, start=1):
        now += wait_s
        journal.append(Entry(number, now, what))
        assert len(journal) <= limits.events_max
        assert journal.bytes <= limits.bytes_max + limits.audio_bytes_max
    rest = journal.since(seen)
    if rest is not None:
        assert numbers(rest) == list(range(seen + 1, len(story) + 1))
        for entry in rest:
            original = story[entry.number - 1][1]
            if isinstance(original, str):
                assert entry.said == original
    else:
        assert seen > len(story) or len(story) - seen > len(journal)


def test_who_saw_everything_gets_nothing() -> None:
    journal = Journal(ROOMY)
    journal.append(Entry(1, 0.0, "a"))
    assert journal.since(1) == []


def test_nobody_has_seen_what_was_never_said() -> None:
    journal = Journal(ROOMY)
    journal.append(Entry(1, 0.0, "a"))
    assert journal.since(2) is None


def test_audio_is_told_again_from_where_the_client_lacks_it() -> None:
    journal = Journal(ROOMY)
    for number in range(3):
        journal.append(Entry(number + 1, 0.0, frame(7, 10 * number, 10)))
    assert audio_of(journal.since(3, Played(7, 15))) == [
        (15, list(range(15, 20))),
        (20, list(range(20, 30))),
    ]
    assert audio_of(journal.since(2, Played(8, 0))) == [(20, list(range(20, 30)))]


def test_old_audio_keeps_its_number_and_loses_its_samples() -> None:
    journal = Journal(JournalLimits(1000, 100_000, 100, audio_bytes_max=40))
    for number in range(4):
        journal.append(Entry(number + 1, 0.0, frame(7, 10 * number, 10)))
    again = journal.since(0)
    assert numbers(again) == [1, 2, 3, 4]
    assert [len(samples) for _, samples in audio_of(again)] == [0, 0, 10, 10]


def test_nobody_hears_a_stopped_reply_again() -> None:
    journal = Journal(ROOMY)
    journal.append(Entry(1, 0.0, frame(7, 0, 10)))
    journal.append(Entry(2, 0.0, frame(8, 0, 10)))
    journal.silence(7)
    assert audio_of(journal.since(0)) == [(0, []), (0, list(range(10)))]
    assert journal.bytes == 20
