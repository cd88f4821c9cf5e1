"""Configuration merges key by key, and what cannot be used is refused by name and with a remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.llm import Tool
from models.tts import Voice
from voice_server.conversation.session_config import (
    INSTRUCTIONS_CHARS_MAX,
    ConfigError,
    check,
    check_voice,
    effective,
    merged,
    recognition,
    turn_settings,
)
from voice_server.events import SessionConfig
from voice_server.settings import AsrSettings, Settings, ToolSettings, TtsSettings, TurnSettings

pytestmark = pytest.mark.pure

VOICES = [Voice("en_US-amy", "en-US"), Voice("en_US-lessac", "en-US"), Voice("de-thorsten", "de")]

configs = st.builds(
    SessionConfig,
    language=st.none() | st.sampled_from(("en", "de")),
    instructions=st.none() | st.text(max_size=5),
    voice=st.none() | st.sampled_from(("a", "b")),
    speed=st.none() | st.floats(0.5, 2),
    turn=st.dictionaries(st.sampled_from(("mode", "silence_ms")), st.integers(0, 3)),
)


@given(configs, configs)
def test_new_keys_win_and_others_stay(old: SessionConfig, new: SessionConfig) -> None:
    both = merged(old, new)
    for key in ("language", "instructions", "voice", "speed"):
        wanted = getattr(new, key)
        assert getattr(both, key) == (getattr(old, key) if wanted is None else wanted)
    assert both.turn == {**old.turn, **new.turn}


@given(configs, configs, configs)
def test_it_makes_no_difference_in_which_steps_one_merges(
    one: SessionConfig, two: SessionConfig, three: SessionConfig
) -> None:
    assert merged(merged(one, two), three) == merged(one, merged(two, three))


def test_instructions_can_be_emptied() -> None:
    old = SessionConfig(instructions="Be brief.")
    assert merged(old, SessionConfig(instructions="")).instructions == ""


def test_the_turn_patch_goes_over_the_server_settings() -> None:
    settings = Settings(turn=TurnSettings(silence_ms=700, onset_ms=90))
    turn = turn_settings(SessionConfig(turn={"silence_ms": 300}), settings)
    assert (turn.silence_ms, turn.onset_ms) == (300, 90)
    assert settings.turn.silence_ms == 700


@pytest.mark.parametrize(
    ("patch", "complaint"),
    [
        ({"silence_ms": 1}, r"turn\.silence_ms: .*100"),
        ({"silense_ms": 300}, r"turn\.silense_ms: .*silence_ms"),
        ({"mode": "telepathy"}, r"turn\.mode: .*'vad' or 'manual'"),
        ({"silence_ms": None}, r"turn\.silence_ms: "),
        ({"onset_ms": 1e300}, r"turn\.onset_ms: "),
        ({"silence_ms": 1, "onset_ms": 1}, r"turn\.(?s:.*); turn\."),
    ],
)
def test_a_turn_patch_that_cannot_be_is_refused(patch: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        turn_settings(SessionConfig(turn=patch), Settings())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        SessionConfig(),
        SessionConfig(voice="de-thorsten", speed=0.5, language="de-AT"),
        SessionConfig(language="zh-Hant-TW"),
        SessionConfig(speed=2.0, instructions="x" * INSTRUCTIONS_CHARS_MAX),
    ],
)
def test_what_can_be_used_passes(config: SessionConfig) -> None:
    check(config, VOICES, ToolSettings())


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        (SessionConfig(voice="en_US-ami"), "voice: .*try en_US-amy"),
        (SessionConfig(speed=0.49), r"speed: must be 0\.5 to 2\.0, not 0\.49"),
        (SessionConfig(speed=float("nan")), "speed: "),
        (SessionConfig(speed=float("inf")), "speed: "),
        (SessionConfig(speed=0.0), "speed: "),
        (SessionConfig(instructions="x" * (INSTRUCTIONS_CHARS_MAX + 1)), "instructions: at most"),
        (SessionConfig(language=""), "language: .*BCP 47"),
        (SessionConfig(language="../en"), "language: .*BCP 47"),
        (SessionConfig(language="en_US"), "language: .*BCP 47"),
        (SessionConfig(language="日本語"), "language: .*BCP 47"),
        (SessionConfig(language="x" * 300), "language: .*BCP 47"),
        (SessionConfig(hints="x" * 1025), "hints: at most 1024"),
        (SessionConfig(hot_words=("Ada",) * 101), "hot_words: at most 100 words, not 101"),
        (SessionConfig(hot_words=("Ada", " ")), "hot_words: each must have 1 to 64"),
        (SessionConfig(hot_words=("x" * 65,)), "hot_words: each must have 1 to 64"),
        (SessionConfig(max_tokens=0), "max_tokens: must be 1 to 32768, not 0"),
        (SessionConfig(temperature=2.1), "temperature: must be 0 to 2"),
        (SessionConfig(temperature=float("nan")), "temperature: "),
        (SessionConfig(tools=(Tool("go home"),)), "tools: 'go home' is no name"),
        (SessionConfig(tools=(Tool("go"), Tool("go"))), "tools: two tools have the same name"),
        (SessionConfig(tools=(Tool("go"),) * 65), "tools: at most 64, not 65"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(config: SessionConfig, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        check(config, VOICES, ToolSettings())


def test_a_voice_unlike_any_other_gets_examples() -> None:
    with pytest.raises(ConfigError, match="try en_US-amy, en_US-lessac, de-thorsten"):
        check_voice("☃", VOICES)


def test_an_endless_voice_name_is_not_repeated_in_full() -> None:
    with pytest.raises(ConfigError) as caught:
        check_voice("x" * 10_000, VOICES)
    assert len(str(caught.value)) < 200


def test_what_holds_is_the_session_over_the_server() -> None:
    settings = Settings(asr=AsrSettings(language="en"), tts=TtsSettings(voice="a", speed=1.25))
    turn = TurnSettings(silence_ms=300)
    shown = effective(SessionConfig(voice="b", instructions="Hi."), turn, settings)
    assert shown == {
        "language": "en",
        "voice": "b",
        "speed": 1.25,
        "instructions": "Hi.",
        "tools": [],
        "turn": turn.model_dump(),
    }


def test_the_recogniser_is_asked_in_the_language_and_words_of_the_session() -> None:
    asr = AsrSettings(language="de", languages=("de", "en"))
    config = SessionConfig(hints="We met Ada.", hot_words=("Grace",))
    options = recognition(config, asr, "ses_1")
    assert (options.language, options.prompt, options.session) == ("de", "We met Ada.", "ses_1")
    assert options.hot_words == ("Grace",)
    assert options.allowed_languages == ("de", "en")
    assert recognition(SessionConfig(language="en"), asr, "ses_1").language == "en"
