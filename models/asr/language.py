"""Which language somebody speaks: detection that does not change its mind for a cough. Pure.

A model detects a language in anything, and in one short word almost any. So a conversation may name
the languages it expects, and keeps the one it has been speaking until there is evidence for another
one: enough speech, and a model that is sure. The less was said, the surer it has to be.
"""

from collections.abc import Collection, Sequence

EVIDENCE_MS_MIN = 700
"""With less speech than this nobody has changed language."""
_FULL_EVIDENCE_MS = 4_000
_SURE_SHORT, _SURE_LONG = 0.98, 0.6


def choose_language(
    detected: Sequence[tuple[str, float]],
    *,
    allowed: Collection[str] = (),
    usual: str | None = None,
    speech_ms: int,
) -> str:
    """Return the language to write down, a BCP 47 primary tag.

    `detected` are tags with their probabilities, likeliest first; `allowed` empty means any;
    `usual` is what the conversation has been in. Probabilities are shared out among the allowed.
    """
    candidates = [pair for pair in detected if not allowed or pair[0] in allowed]
    if not candidates:
        return usual or next(iter(sorted(allowed)), detected[0][0])
    best, weight = max(candidates, key=lambda pair: pair[1])
    if usual is None or best == usual or (allowed and usual not in allowed):
        return best
    share = weight / max(1e-9, sum(probability for _, probability in candidates))
    return best if share >= needed_probability(speech_ms) else usual


def needed_probability(speech_ms: int) -> float:
    """How sure a model must be of another language, after that much speech; above 1: never."""
    if speech_ms < EVIDENCE_MS_MIN:
        return 1.1
    part = min(1.0, (speech_ms - EVIDENCE_MS_MIN) / (_FULL_EVIDENCE_MS - EVIDENCE_MS_MIN))
    return _SURE_SHORT + part * (_SURE_LONG - _SURE_SHORT)
