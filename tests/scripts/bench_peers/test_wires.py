"""Each server's messages, as its source writes them, become what stands on the screen."""

import json

import numpy as np
import pytest
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk
from wyoming.info import Describe

from audio import SAMPLE_RATE
from scripts.bench_peers.heard import Shown
from scripts.bench_peers.wires.voice_server import VoiceServer
from scripts.bench_peers.wires.whisper_live import WhisperLive
from scripts.bench_peers.wires.whisper_livekit import WhisperLiveKit
from scripts.bench_peers.wires.wyoming import Wyoming

pytestmark = pytest.mark.pure

SAMPLES = np.array([0, 16_384, -32_768], np.int16)


def test_ours_shows_what_stands_and_what_may_change() -> None:
    wire = VoiceServer()
    assert wire.is_ready('{"type": "ready", "sn": 1}')
    partial = {"type": "transcript.partial", "stable": "Turn", "unstable": "off", "rev": 2}
    assert wire.take(json.dumps(partial)) == Shown("Turn off")
    final = {"type": "transcript.final", "text": "Turn off the lamp.", "item": "i1"}
    assert wire.take(json.dumps(final)) == Shown("Turn off the lamp.", final=True)
    assert wire.take(json.dumps(partial)) == Shown("Turn off the lamp. Turn off")
    assert wire.take('{"type": "state", "state": "listening"}') is None
    assert wire.take(b"\0\0") is None


def test_whisper_livekit_shows_lines_and_a_buffer() -> None:
    wire = WhisperLiveKit()
    assert wire.is_ready('{"type":"config","useAudioWorklet":true,"mode":"full"}')
    message = {
        "status": "active_transcription",
        "lines": [{"speaker": 1, "text": " Turn off the"}],
        "buffer_transcription": " lamp.",
    }
    assert wire.take(json.dumps(message)) == Shown("Turn off the lamp.")
    settled = {
        **message,
        "lines": [{"text": " Turn off"}, {"text": None}],
        "buffer_transcription": "",
    }
    assert wire.take(json.dumps(settled)) == Shown("Turn off", final=True)
    assert wire.take('{"type":"ready_to_stop"}') == Shown("Turn off", final=True, last=True)
    assert wire.take('{"type":"config"}') is None


def test_whisper_livekits_empty_screen_is_not_final() -> None:
    quiet = '{"status":"no_audio_detected","lines":[],"buffer_transcription":""}'
    assert WhisperLiveKit().take(quiet) == Shown("")


def test_whisper_live_shows_segments_and_says_which_are_completed() -> None:
    wire = WhisperLive({"same_output_threshold": 3})
    hello = json.loads(wire.hello()[0])
    assert (hello["language"], hello["same_output_threshold"]) == ("en", 3)
    first = {"start": "0.000", "end": "1.000", "text": " Turn off", "completed": True}
    second = {"start": "1.000", "end": "2.000", "text": " the lamp.", "completed": False}
    message = {"uid": "bench", "segments": [first, second]}
    assert wire.take(json.dumps(message)) == Shown("Turn off the lamp.")
    assert wire.take(json.dumps({"segments": [first]})) == Shown("Turn off", final=True)
    assert wire.take('{"uid": "bench", "language": "en", "language_prob": 1}') is None


def test_whisper_live_is_ready_when_it_says_so_and_may_be_full() -> None:
    wire = WhisperLive({})
    assert wire.is_ready('{"uid": "bench", "message": "SERVER_READY", "backend": "faster_whisper"}')
    assert not wire.is_ready('{"uid": "bench", "language": "en"}')
    with pytest.raises(ConnectionRefusedError, match="WAIT"):
        wire.is_ready('{"uid": "bench", "status": "WAIT", "message": 9.9}')


def test_audio_is_what_each_expects() -> None:
    assert VoiceServer().audio(SAMPLES) == WhisperLiveKit().audio(SAMPLES) == SAMPLES.tobytes()
    floats = WhisperLive({}).audio(SAMPLES)
    assert isinstance(floats, bytes)
    assert np.frombuffer(floats, np.float32).tolist() == [0.0, 0.5, -1.0]
    chunk = AudioChunk.from_event(Wyoming().audio(SAMPLES))
    assert (chunk.audio, chunk.rate, chunk.width) == (SAMPLES.tobytes(), SAMPLE_RATE, 2)


def test_wyoming_shows_one_transcript_and_that_is_all() -> None:
    wire = Wyoming()
    event = Transcript(text=" Turn off the lamp. ").event()
    assert wire.take(event) == Shown("Turn off the lamp.", final=True, last=True)
    assert wire.take(Describe().event()) is None
    assert [event.type for event in wire.hello()] == ["transcribe", "audio-start"]
    assert [event.type for event in wire.goodbye()] == ["audio-stop"]
