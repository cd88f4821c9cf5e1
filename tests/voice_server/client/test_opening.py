"""Addresses, and the message that opens a session."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server import events as ev
from voice_server.client.errors import BadAddress
from voice_server.client.opening import CallOptions, hello, voice_url
from voice_server.wires.voice_v1 import VoiceV1

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/v1/voice"),
        ("https://voice.example", "wss://voice.example/v1/voice"),
        ("localhost:8080", "ws://localhost:8080/v1/voice"),
        ("kiosk", "ws://kiosk/v1/voice"),
        ("wss://voice.example/home/", "wss://voice.example/home/v1/voice"),
        ("ws://[::1]:8080/v1/voice?mode=tts", "ws://[::1]:8080/v1/voice"),
    ],
)
def test_addresses(address: str, url: str) -> None:
    assert voice_url(address) == url


@pytest.mark.parametrize("address", ["", "http://", "ftp://host/", "http://host:port/", "//[/"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(BadAddress, match="no address of a server"):
        voice_url(address)


@given(st.text())
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    try:
        assert voice_url(text).startswith(("ws://", "wss://"))
    except BadAddress as error:
        assert "looks like" in str(error)


def test_the_server_understands_every_option() -> None:
    options = CallOptions(
        mode="tts",
        voice="en-us",
        language="en",
        instructions="Be brief.",
        speed=1.5,
        hot_words=("Ada", "Grace"),
        turn={"eagerness": "high"},
        input_rate=48_000,
        output_rate=22_050,
        playback_reports=True,
        echo_cancelled=False,
        features=("partials",),
    )
    (opened,) = VoiceV1({}).receive(json.dumps(hello(options, options.config)))
    assert isinstance(opened, ev.SessionOpened)
    granted = opened.options
    assert (granted.mode, granted.input.rate, granted.output_rate) == ("tts", 48_000, 22_050)
    assert (granted.framed, granted.playback_reports, granted.echo_cancelled) == (True, True, False)
    assert granted.features == {"partials"}
    config = granted.config
    assert (config.voice, config.language, config.speed) == ("en-us", "en", 1.5)
    assert (config.instructions, config.turn) == ("Be brief.", {"eagerness": "high"})
    assert config.hot_words == ("Ada", "Grace")


def test_what_is_not_set_is_left_to_the_server() -> None:
    assert CallOptions().config == {}
