"""One recipe, one clip: speech or sound, the room around it, and the truth."""

import numpy as np
import soxr

from audio import SAMPLE_RATE, Samples
from audio.formats import AudioFormat, Codec
from voice_server.bench.clips import Clip, PausePlace, Room, TruePause, TrueWord

from . import sounds
from .plan import (
    ECHO_DB_MAX,
    ECHO_DB_MIN,
    PAUSE_MS_MAX,
    PAUSE_MS_MIN,
    SNR_DB_MAX,
    SNR_DB_MIN,
    Recipe,
    texts,
)
from .sounds import Signal, gain
from .speech import BAR, Spoken, speak, voiced_onset_ms

ROOM_DBFS = -72
SPEECH_DBFS = -26
TALKER_DB_MIN = 12
"""A second talker is so much quieter, or more."""
TAIL_MS = 2800
LEAD_MS = (400, 700)
OVER_REPLY_LEAD_MS = (2200, 3600)
"""The reply has begun to sound by then, and has not ended."""

TELEPHONE = AudioFormat(Codec.PCMU, 8000)
WIDE = AudioFormat(Codec.PCM_S16LE, SAMPLE_RATE)

_PLACES: dict[str, PausePlace] = {
    "clause": "clause",
    "phrase": "phrase",
    "number": "number",
    "filler": "filler",
    "list": "list",
    "spelling": "spelling",
}


def build(recipe: Recipe) -> tuple[Samples, Clip]:
    """Samples at the clip's rate, and what is true about them."""
    rng = np.random.default_rng(recipe.seed)
    lead_ms = int(rng.integers(*(OVER_REPLY_LEAD_MS if recipe.over_reply else LEAD_MS)))
    if recipe.text:
        spoken = _spoken(recipe, rng)
        sound, onset_ms = spoken.signal, voiced_onset_ms(spoken.signal)
    else:
        spoken, sound, onset_ms = None, _sound(recipe, rng), 0
    signal = _placed(sound, lead_ms)
    signal += _surroundings(recipe, signal, sound, rng)
    silent = recipe.kind == "echo"
    clip = Clip(
        name=recipe.name,
        kind=recipe.kind,
        scene=recipe.scene,
        condition=recipe.condition,
        format=TELEPHONE if recipe.condition == "telephone" else WIDE,
        over_reply=recipe.over_reply,
        words=_words(spoken, lead_ms),
        onset_ms=None if silent else lead_ms + onset_ms,
        end_ms=None if silent else lead_ms + len(sound) * 1000 // SAMPLE_RATE,
        pauses=_pauses(recipe, spoken, lead_ms),
        room=_room(recipe, rng),
    )
    return _recorded(signal, clip.format), clip


def _spoken(recipe: Recipe, rng: np.random.Generator) -> Spoken:
    bars = recipe.text.split().count(BAR)
    lengths = np.exp(rng.uniform(np.log(PAUSE_MS_MIN), np.log(PAUSE_MS_MAX), bars))
    spoken = speak(recipe.text, recipe.voice, recipe.speed, [int(ms) for ms in lengths])
    level = SPEECH_DBFS + rng.uniform(-6, 4)
    return Spoken(_leveled(spoken.signal, level), spoken.words, spoken.pauses)


def _leveled(signal: Signal, dbfs: float) -> Signal:
    """Set the level of what sounds, pauses left out."""
    loud = signal[np.abs(signal) > 0.02 * np.abs(signal).max()]
    return signal * (gain(dbfs) / float(np.sqrt(np.mean(loud**2))))


def _sound(recipe: Recipe, rng: np.random.Generator) -> Signal:
    peak = gain(rng.uniform(-20, -6))
    match recipe.kind:
        case "cough":
            return peak * sounds.cough(rng)
        case "click":
            return peak * sounds.clicks(rng)
        case "music":
            return gain(rng.uniform(-40, -26)) * sounds.music(3 * SAMPLE_RATE, rng)
        case "noise" if rng.random() < 0.5:
            return peak * sounds.bang(rng)
        case "noise":
            return gain(rng.uniform(-45, -30)) * sounds.noise(2 * SAMPLE_RATE, rng)
        case _:
            return np.zeros(3 * SAMPLE_RATE)


def _placed(sound: Signal, lead_ms: int) -> Signal:
    lead, tail = (np.zeros(SAMPLE_RATE * ms // 1000) for ms in (lead_ms, TAIL_MS))
    return np.concatenate([lead, sound, tail])


def _surroundings(
    recipe: Recipe, signal: Signal, sound: Signal, rng: np.random.Generator
) -> Signal:
    """What is there all the time, at 5 to 20 dB below the speech; a second talker at 12 to 20."""
    room = gain(ROOM_DBFS) * sounds.pink(len(signal), rng)
    loud = sound[np.abs(sound) > 0.02 * np.abs(sound).max()]
    level = float(np.sqrt(np.mean(loud**2))) if len(loud) else 0.0
    below = level * gain(-rng.uniform(SNR_DB_MIN, SNR_DB_MAX))
    match recipe.condition:
        case "noise":
            return room + below * sounds.noise(len(signal), rng)
        case "music":
            return room + below * sounds.music(len(signal), rng)
        case "talker":
            other = speak(str(rng.choice(texts()["talker"])), "en-gb+m2", 1.0, []).signal
            other = np.resize(other, len(signal))
            below = level * gain(-rng.uniform(TALKER_DB_MIN, SNR_DB_MAX))
            return room + below / float(other.std()) * other
        case _:
            return room


def _words(spoken: Spoken | None, lead_ms: int) -> tuple[TrueWord, ...]:
    words = spoken.words if spoken else []
    return tuple(TrueWord(w.text, w.start_ms + lead_ms, w.end_ms + lead_ms) for w in words)


def _pauses(recipe: Recipe, spoken: Spoken | None, lead_ms: int) -> tuple[TruePause, ...]:
    if spoken is None or not spoken.pauses:
        return ()
    place = _PLACES[recipe.scene]
    return tuple(TruePause(start + lead_ms, end + lead_ms, place) for start, end in spoken.pauses)


def _room(recipe: Recipe, rng: np.random.Generator) -> Room | None:
    if recipe.condition != "echo":
        return None
    return Room(
        gain_db=round(float(rng.uniform(ECHO_DB_MIN, ECHO_DB_MAX)), 1),
        delay_ms=int(rng.integers(20, 180)),
        decay_ms=int(rng.integers(150, 500)),
        seed=int(rng.integers(2**31)),
    )


def _recorded(signal: Signal, format: AudioFormat) -> Samples:
    if format.rate != SAMPLE_RATE:
        signal = soxr.resample(sounds.telephone_band(signal), SAMPLE_RATE, format.rate)
    return np.clip(np.rint(signal * 32767), -32768, 32767).astype(np.int16)
