"""Hearing oneself: only where the client may, and only while something sounds."""

import numpy as np
import pytest

from audio import Samples
from audio.echo import LevelTrack
from models.llm import ChatOptions
from voice_server.conversation.active_reply import ActiveReply
from voice_server.conversation.playout import Playout
from voice_server.conversation.reply import AudioRoom, ReplyPlan
from voice_server.conversation.self_hearing import SelfHearing
from voice_server.conversation.timeline import Timeline

pytestmark = pytest.mark.story

RATE = 16_000
FRAME = 160
SECONDS = 3


def loudness() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A voice that swells and falls, per frame."""
    frames = np.arange(SECONDS * 100)
    return 6000 * (1.2 + np.sin(frames / 7) * np.sin(frames / 3)) / 2.2


def sounding() -> ActiveReply:
    """A reply whose loudness is known, all of it sent at once."""
    playout = Playout(1, RATE, 10_000)
    noise = np.random.default_rng(1).standard_normal(SECONDS * RATE)
    voice = (noise * np.repeat(loudness(), FRAME)).clip(-30_000, 30_000).astype(np.int16)
    playout.add(voice)
    levels = LevelTrack(RATE)
    reply = ActiveReply(
        1,
        ReplyPlan(1, (), ChatOptions(), "", RATE),
        "say",
        None,
        playout,
        AudioRoom(),
        Timeline(),
        levels=levels,
    )
    reply.due(0.0)
    return reply


def echo(at_s: float) -> Samples:
    """What the microphone hears of it: a tenth as loud."""
    level = loudness()[int(at_s * 100)] / 10
    noise = np.random.default_rng(int(at_s * 100)).standard_normal(FRAME)
    heard: Samples = (noise * level).astype(np.int16)
    return heard


def heard(ear: SelfHearing, reply: ActiveReply | None) -> list[bool]:
    times = [n / 100 for n in range(10, SECONDS * 100 - 1)]
    return [ear.hears(echo(at), reply, at) for at in times]


def test_its_own_voice_is_known_by_how_it_swells() -> None:
    verdicts = heard(SelfHearing(echo_cancelled=False), sounding())
    assert any(verdicts[-50:])


def test_nothing_is_an_echo_of_silence() -> None:
    assert not any(heard(SelfHearing(echo_cancelled=False), None))


def test_who_cancels_echoes_is_believed() -> None:
    ear = SelfHearing(echo_cancelled=True)
    assert not ear.possible
    assert not any(heard(ear, sounding()))
