"""From a session object to our settings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import AudioFormat, Codec
from models.llm import Tool
from tests.support.realtime import AROUND, VOICES
from voice_server import events as ev
from voice_server.conversation import session_config
from voice_server.conversation.session_config import HINTS_CHARS_MAX, INSTRUCTIONS_CHARS_MAX
from voice_server.settings import Settings, TurnSettings
from voice_server.wires.openai_speech import OPENAI_VOICES
from voice_server.wires.realtime import session_object as so
from voice_server.wires.realtime.client_messages import ResponseParams
from voice_server.wires.realtime.configuration import (
    configuration,
    formats,
    request,
    tool_choice,
    tools,
    turn,
    unsupported_tools,
    voice,
)
from voice_server.wires.realtime.errors import RefusalError
from voice_server.wires.realtime.session_merge import merge

pytestmark = pytest.mark.pure


def configured(**session: Any) -> ev.SessionConfig:
    return configuration(merge(so.Session(), session), AROUND)


def settings_for(detection: so.TurnDetection | None) -> TurnSettings:
    """The turn settings as a session makes them of the patch."""
    patch = turn(detection, TurnSettings())
    return session_config.turn_settings(ev.SessionConfig(turn=patch), Settings())


def test_server_vad_waits_for_a_fixed_silence_and_interrupts_at_once() -> None:
    settings = settings_for(so.ServerVad(silence_duration_ms=700, prefix_padding_ms=200))
    assert (settings.mode, settings.endpoint, settings.silence_ms) == ("vad", "fixed", 700)
    assert (settings.interrupt, settings.pre_roll_ms) == ("instant", 200)
    assert settings.interrupt_onset_ms > settings.onset_ms


def test_semantic_vad_is_our_own() -> None:
    settings = settings_for(so.SemanticVad())
    own = TurnSettings()
    assert (settings.mode, settings.endpoint, settings.interrupt) == ("vad", "adaptive", "confirm")
    assert settings.silence_ms_max == own.silence_ms_max
    assert [settings_for(so.SemanticVad(e)).eagerness for e in ("low", "medium", "high")] == [
        "low",
        "auto",
        "high",
    ]


def test_no_turn_detection_leaves_turns_and_answers_to_the_client() -> None:
    settings = settings_for(None)
    assert (settings.mode, settings.interrupt) == ("manual", "off")
    assert configured(audio={"input": {"turn_detection": None}}).answers is False


@pytest.mark.parametrize("kind", [so.ServerVad, so.SemanticVad])
def test_what_may_not_be_interrupted_is_not(kind: type[so.ServerVad | so.SemanticVad]) -> None:
    assert settings_for(kind(interrupt_response=False)).interrupt == "off"


def test_every_kind_sets_the_same_keys() -> None:
    """A patch lies over the one before it: what one kind sets, the others have to put back."""
    kinds = (None, so.ServerVad(), so.SemanticVad())
    assert len({frozenset(turn(kind, TurnSettings())) for kind in kinds}) == 1


def test_a_higher_threshold_needs_more_voice() -> None:
    onsets = [settings_for(so.ServerVad(threshold=t / 10)).onset_ms for t in range(11)]
    assert onsets == sorted(onsets)
    assert onsets[0] < TurnSettings().onset_ms == onsets[5] < onsets[10]


@given(
    st.builds(
        so.ServerVad,
        threshold=st.floats(0, 1),
        prefix_padding_ms=st.integers(0, 600_000),
        silence_duration_ms=st.integers(0, 600_000),
        idle_timeout_ms=st.none() | st.integers(0, 600_000),
    )
    | st.builds(so.SemanticVad, eagerness=st.sampled_from(["low", "medium", "high", "auto"])),
)
def test_whatever_is_asked_for_can_be_set(detection: so.TurnDetection) -> None:
    settings_for(detection)


@pytest.mark.parametrize("name", sorted(OPENAI_VOICES))
def test_openais_voices_are_the_default(name: str) -> None:
    assert voice(name, AROUND, "voice") == VOICES[0].id
    assert voice({"id": name}, AROUND, "voice") == VOICES[0].id


def test_our_own_voices_and_those_of_nobody() -> None:
    assert voice(VOICES[1].id, AROUND, "voice") == VOICES[1].id
    with pytest.raises(RefusalError, match="there is no voice 'nobody'") as caught:
        voice("nobody", AROUND, "session.audio.output.voice")
    assert caught.value.param == "session.audio.output.voice"


def test_words_tokens_speed_and_language() -> None:
    config = configured(
        instructions="Be brief.",
        max_output_tokens=100,
        temperature=0,
        audio={
            "input": {"transcription": {"language": "de", "prompt": "Ulm", "keywords": ["Bus"]}},
            "output": {"speed": 0.25},
        },
    )
    assert (config.instructions, config.max_tokens, config.speed) == ("Be brief.", 100, 0.5)
    assert (config.language, config.hints, config.temperature) == ("de", "Ulm Bus", 0)
    assert configured(max_output_tokens="inf").max_tokens == AROUND.max_tokens


def test_long_hints_are_cut_and_long_instructions_refused() -> None:
    transcription = {"prompt": "x" * 5000}
    config = configured(audio={"input": {"transcription": transcription}})
    assert len(config.hints or "") == HINTS_CHARS_MAX
    with pytest.raises(RefusalError, match="at most"):
        configured(instructions="x" * (INSTRUCTIONS_CHARS_MAX + 1))


def test_a_transcription_session_never_answers() -> None:
    assert configured().answers
    assert configured(type="transcription").answers is False


def test_functions() -> None:
    specs = [
        so.ToolSpec(name="f", description="d", parameters={"type": "object"}),
        so.ToolSpec(type="mcp"),
        so.ToolSpec(name="g"),
    ]
    f, g = tools(specs, "tools")
    assert f == Tool("f", "d", {"type": "object"})
    assert g.parameters == {"type": "object", "properties": {}}
    refusal = unsupported_tools({"tools": [{"type": "mcp"}, {"name": "f"}]})
    assert refusal is not None
    assert refusal.reason == "unsupported_tool"
    assert unsupported_tools({"tools": [{"name": "f"}]}) is None
    assert unsupported_tools({"tools": None}) is None
    with pytest.raises(RefusalError) as caught:
        tools([so.ToolSpec()], "session.tools")
    assert caught.value.param == "session.tools[0].name"


def test_tool_choice() -> None:
    assert tool_choice("required", "t") == "required"
    assert tool_choice(so.ToolChoiceObject("function", "f"), "t") == "f"
    for wrong in (so.ToolChoiceObject("function"), so.ToolChoiceObject("mcp", "f")):
        with pytest.raises(RefusalError):
            tool_choice(wrong, "t")


def test_a_request_asks_for_what_it_mentions_and_nothing_else() -> None:
    assert request(ResponseParams(), AROUND) == ev.ReplyRequested(follows=True)
    asked = request(
        ResponseParams(
            instructions="Rhyme.",
            output_modalities=["text"],
            tools=[],
            tool_choice="none",
            max_output_tokens="inf",
        ),
        AROUND,
    )
    assert asked == ev.ReplyRequested(
        instructions="Rhyme.",
        speaks=False,
        tools=(),
        tool_choice="none",
        max_tokens=AROUND.max_tokens,
        follows=True,
    )


def test_formats() -> None:
    session = merge(so.Session(), {"audio": {"output": {"format": {"type": "audio/pcma"}}}})
    pcm = AudioFormat(Codec.PCM_S16LE, 24_000)
    assert formats(session) == ev.FormatsChanged(pcm, Codec.PCMA, 8_000)
