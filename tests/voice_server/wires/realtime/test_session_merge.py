"""`session.update`: what is mentioned changes, the rest stays, and nothing changes by halves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.wires.realtime import session_object as so
from voice_server.wires.realtime.errors import RefusalError
from voice_server.wires.realtime.formats import Pcmu
from voice_server.wires.realtime.session_merge import check_type, merge, started

pytestmark = pytest.mark.pure

Json = dict[str, Any]


def with_input(**input: object) -> Json:
    return {"audio": {"input": input}}


def detection(session: so.Session) -> so.TurnDetection | None:
    return session.audio.input.turn_detection


# What changes -------------------------------------------------------------------------------------


def test_only_what_is_mentioned_changes() -> None:
    first = merge(so.Session(), {"instructions": "Be brief.", "audio": {"output": {"speed": 1.5}}})
    second = merge(first, {"audio": {"output": {"format": {"type": "audio/pcmu"}}}})
    assert second.instructions == "Be brief."
    assert second.audio.output == so.AudioOutput(Pcmu(), "marin", 1.5)
    assert second.audio.input == so.AudioInput()


@pytest.mark.parametrize("key", ["turn_detection", "transcription", "noise_reduction"])
def test_null_clears(key: str) -> None:
    vad = {"type": "semantic_vad"}
    full = with_input(turn_detection=vad, transcription={"model": "a"}, noise_reduction={})
    session = merge(so.Session(), full)
    cleared = merge(session, with_input(**{key: None}))
    assert getattr(cleared.audio.input, key) is None
    others = {"turn_detection", "transcription", "noise_reduction"} - {key}
    assert all(getattr(cleared.audio.input, other) is not None for other in others)


def test_empty_clears() -> None:
    tool = {"type": "function", "name": "f"}
    session = merge(so.Session(), {"instructions": "x", "tools": [tool], "tracing": "auto"})
    session = merge(session, {"instructions": "", "tools": [], "tracing": None})
    assert (session.instructions, session.tools, session.tracing) == ("", [], None)


@pytest.mark.parametrize(
    "key", ["instructions", "tools", "tool_choice", "max_output_tokens", "audio", "truncation"]
)
def test_null_elsewhere_is_no_change(key: str) -> None:
    assert merge(so.Session(), {key: None}) == so.Session()


def test_turn_detection_of_one_type_is_merged() -> None:
    first = merge(so.Session(), with_input(turn_detection={"silence_duration_ms": 700}))
    second = merge(first, with_input(turn_detection={"type": "server_vad", "threshold": 0.9}))
    assert detection(second) == so.ServerVad(threshold=0.9, silence_duration_ms=700)


def test_turn_detection_of_another_type_begins_anew() -> None:
    quiet = merge(so.Session(), with_input(turn_detection={"create_response": False}))
    semantic = merge(quiet, with_input(turn_detection={"type": "semantic_vad", "threshold": 0.5}))
    assert detection(semantic) == so.SemanticVad()
    eager = merge(semantic, with_input(turn_detection={"eagerness": "high"}))
    assert detection(eager) == so.SemanticVad(eagerness="high")


def test_turn_detection_from_nothing_needs_a_type() -> None:
    silent = merge(so.Session(), with_input(turn_detection=None))
    with pytest.raises(RefusalError) as caught:
        merge(silent, with_input(turn_detection={"threshold": 0.5}))
    assert caught.value.param == "session.audio.input.turn_detection.type"
    assert caught.value.reason == "missing_required_parameter"


def test_an_idle_timeout_can_be_taken_back() -> None:
    vad = merge(so.Session(), with_input(turn_detection={"idle_timeout_ms": 6000}))
    assert detection(merge(vad, with_input(turn_detection={"idle_timeout_ms": None}))) == (
        so.ServerVad()
    )


def test_audio_and_text_together_are_audio() -> None:
    both = merge(so.Session(), {"output_modalities": ["text", "audio"]})
    assert both.output_modalities == ["audio"]
    assert merge(both, {"output_modalities": ["text"]}).output_modalities == ["text"]


def test_the_model_stays_and_unknown_keys_are_ignored() -> None:
    session = so.Session(model="mine")
    assert merge(session, {"model": "other", "new": {"deep": 1}}) == session


def test_keys_that_a_client_sent_come_back() -> None:
    session = merge(so.Session(), with_input(transcription={"model": "a", "delay": "low"}))
    shown = session.to_json()["audio"]["input"]["transcription"]
    assert shown == {"model": "a", "delay": "low"}


@pytest.mark.parametrize(
    ("update", "param"),
    [
        ({"audio": {"output": {"speed": 2}}}, "session.audio.output.speed"),
        ({"max_output_tokens": 5000}, "session.max_output_tokens"),
        (with_input(format={"type": "audio/mp3"}), "session.audio.input.format.type"),
        (
            with_input(turn_detection={"threshold": 7}),
            "session.audio.input.turn_detection.threshold",
        ),
        (with_input(turn_detection={"type": "x"}), "session.audio.input.turn_detection.type"),
        ({"tools": [{"name": 7}]}, "session.tools[0].name"),
        ({"type": "other"}, "session.type"),
        ({"instructions": "x" * 200_000}, "session"),
    ],
)
def test_what_is_refused_is_named(update: Json, param: str) -> None:
    with pytest.raises(RefusalError) as caught:
        merge(so.Session(), update)
    assert caught.value.param == param
    assert caught.value.reason == "invalid_value"


def test_a_transcription_session_does_not_learn_to_talk() -> None:
    check_type(so.Session(), {"type": "transcription"})
    check_type(so.Session(type="transcription"), {})
    with pytest.raises(RefusalError):
        check_type(so.Session(type="transcription"), {"type": "realtime"})


@pytest.mark.parametrize("temperature", ["hot", "7", "nan"])
def test_a_url_that_means_nothing_is_passed_over(temperature: str) -> None:
    assert started(so.Session(), {"temperature": temperature, "x": "y"}) == so.Session()


# Fuzz ---------------------------------------------------------------------------------------------

formats = st.sampled_from([{"type": "audio/pcm"}, {"type": "audio/pcmu"}, {"type": "audio/pcma"}])
booleans = st.booleans() | st.none()
servers = st.fixed_dictionaries(
    {"type": st.just("server_vad")},
    optional={
        "threshold": st.floats(0, 1),
        "silence_duration_ms": st.integers(0, 5000),
        "idle_timeout_ms": st.integers(0, 60_000) | st.none(),
        "create_response": booleans,
    },
)
semantics = st.fixed_dictionaries(
    {"type": st.just("semantic_vad")},
    optional={
        "eagerness": st.sampled_from(["low", "medium", "high", "auto"]),
        "interrupt_response": booleans,
    },
)
updates = st.fixed_dictionaries(
    {},
    optional={
        "instructions": st.text(max_size=20) | st.none(),
        "output_modalities": st.sampled_from([["audio"], ["text"], ["text", "audio"], None]),
        "tool_choice": st.sampled_from(["auto", "none", "required", None]),
        "max_output_tokens": st.integers(1, 4096) | st.just("inf") | st.none(),
        "tracing": st.sampled_from(["auto", None, {"group_id": "g"}]),
        "audio": st.fixed_dictionaries(
            {},
            optional={
                "input": st.fixed_dictionaries(
                    {},
                    optional={
                        "format": formats,
                        "turn_detection": servers | semantics | st.none(),
                        "transcription": st.sampled_from(
                            [None, {"model": "a"}, {"language": "de"}]
                        ),
                    },
                ),
                "output": st.fixed_dictionaries(
                    {}, optional={"format": formats, "speed": st.floats(0.25, 1.5)}
                ),
            },
        ),
    },
)


@given(st.lists(updates, max_size=5))
def test_merging_again_changes_nothing(steps: list[Json]) -> None:
    session = so.Session()
    for update in steps:
        session = merge(session, update)
        assert merge(session, update) == session
        assert merge(session, {}) == session


@given(st.lists(updates, max_size=5), updates)
def test_what_is_shown_leads_back_to_the_same(steps: list[Json], last: Json) -> None:
    """A client that sends back what it was shown has changed nothing."""
    session = so.Session()
    for update in [*steps, last]:
        session = merge(session, update)
    assert merge(session, session.to_json()) == session
    assert merge(so.Session(), session.to_json()) == session
