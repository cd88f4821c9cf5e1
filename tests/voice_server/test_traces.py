"""Turns as OpenTelemetry traces: the real SDK and exporter against a collector on loopback."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.collector import Collector, collecting
from voice_server.conversation.timeline import PARTS, WHOLE
from voice_server.events import TurnMeasured
from voice_server.traces import NS_PER_MS, TurnTraces, laid_out

pytestmark = pytest.mark.socket

LEDGER = {
    "endpoint_ms": 210.5,
    "asr_ms": 0.0,
    "llm_ms": 90.0,
    "clause_ms": 12.0,
    "tts_ms": 60.0,
    "send_ms": 1.5,
    WHOLE: 374.0,
}
NOW_NS = 1_800_000_000_000_000_000


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def traced(collector: Collector, *turns: TurnMeasured) -> None:
    traces = TurnTraces(collector.settings)
    for turn in turns:
        traces.turn("s1", turn, NOW_NS)
    traces.close()


def test_a_turn_is_one_trace_with_a_span_for_every_stage(collector: Collector) -> None:
    traced(collector, TurnMeasured(3, 7, LEDGER))
    assert collector.paths == ["/v1/traces"]
    (whole,) = [span for span in collector.spans if not span.parent_span_id]
    parts = [span for span in collector.spans if span.parent_span_id]
    assert whole.name == "turn"
    assert [part.name for part in parts] == ["endpoint", "asr", "llm", "clause", "tts", "send"]
    assert {part.parent_span_id for part in parts} == {whole.span_id}
    assert {span.trace_id for span in collector.spans} == {whole.trace_id}
    assert whole.end_time_unix_nano == NOW_NS
    assert whole.end_time_unix_nano - whole.start_time_unix_nano == 374 * NS_PER_MS
    assert parts[0].start_time_unix_nano == whole.start_time_unix_nano
    assert parts[-1].end_time_unix_nano == whole.end_time_unix_nano


def test_a_trace_names_numbers_and_nothing_that_was_said(collector: Collector) -> None:
    traced(collector, TurnMeasured(3, 7, LEDGER), TurnMeasured(4, None, LEDGER))
    attributes = [
        {pair.key: pair.value.int_value or pair.value.string_value for pair in span.attributes}
        for span in collector.spans
        if span.name == "turn"
    ]
    assert attributes == [
        {"voice.session": "s1", "voice.reply": 3, "voice.turn": 7},
        {"voice.session": "s1", "voice.reply": 4},
    ]
    (resource,) = {
        pair.value.string_value
        for request in collector.requests
        for found in request.resource_spans
        for pair in found.resource.attributes
        if pair.key == "service.name"
    }
    assert resource == "kitchen"


def test_what_was_not_measured_is_not_traced(collector: Collector) -> None:
    traced(collector, TurnMeasured(1, 1, {}))
    assert collector.requests == []


@given(st.dictionaries(st.sampled_from([*PARTS.values(), WHOLE]), st.floats(0, 60_000)))
def test_stages_follow_one_another_without_a_gap(ledger: dict[str, float]) -> None:
    stages = list(laid_out(ledger))
    edges = [0, *(end for _, _, end in stages)]
    assert [start for _, start, _ in stages] == edges[:-1]
    assert edges == sorted(edges)
    known = [ms for part, ms in ledger.items() if part != WHOLE]
    assert edges[-1] == sum(round(ms * NS_PER_MS) for ms in known)
