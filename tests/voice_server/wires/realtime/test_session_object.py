"""The session object: what a client sees that has configured nothing."""

import pytest

from voice_server.wires.realtime.session_object import Session, Transcription

pytestmark = pytest.mark.pure


def test_the_defaults_are_openais() -> None:
    shown = Session().to_json("sess_1", 7)
    assert shown == {
        "object": "realtime.session",
        "id": "sess_1",
        "expires_at": 7,
        "type": "realtime",
        "model": "gpt-realtime",
        "output_modalities": ["audio"],
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "prompt": None,
        "truncation": "auto",
        "include": None,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "noise_reduction": None,
                "transcription": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "idle_timeout_ms": None,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "voice": "marin",
                "speed": 1.0,
            },
        },
    }


def test_a_transcription_session_has_no_voice() -> None:
    shown = Session(type="transcription").to_json()
    assert shown["object"] == "realtime.transcription_session"
    assert set(shown) == {"object", "id", "expires_at", "type", "include", "audio"}
    assert set(shown["audio"]) == {"input"}


def test_strict_clients_see_no_key_that_nobody_sent() -> None:
    assert Session().speaks
    assert not Session(output_modalities=["text"]).speaks
    session = Session(audio=Session().audio)
    assert "transcription" in session.to_json()["audio"]["input"]
    assert Transcription().model is Transcription().delay
