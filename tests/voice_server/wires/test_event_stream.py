"""What is written as server-sent events is read back the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.llm.sse import EventStream
from voice_server.wires.event_stream import DONE, comment, event

pytestmark = pytest.mark.pure


@given(st.lists(st.dictionaries(st.text(), st.text())))
def test_events_come_back(payloads: list[dict[str, str]]) -> None:
    stream = b"".join(event(payload) + comment("still here") for payload in payloads) + DONE
    *events, end = EventStream().feed(stream)
    assert [json.loads(data) for data in events] == payloads
    assert end == "[DONE]"
