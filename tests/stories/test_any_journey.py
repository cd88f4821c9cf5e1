"""Whatever happens to a client's lines, in any order: nothing is lost, doubled or unexplained."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.scripted import ChatScript, VoiceScript
from tests.support.party import Party, tell_party
from tests.support.traveller import Traveller

pytestmark = pytest.mark.story

SETTINGS = {"turn": {"mode": "manual", "speech_ms_min": 0, "interrupt": "off"}}
STORY = " ".join(f"Sentence number {number} of a long story." for number in range(6))

Deed = tuple[str, dict[str, Any]]

speaking = st.builds(lambda frames: ("speak", {"frames": frames}), st.sampled_from((1, 13, 60)))
waiting = st.builds(
    lambda seconds: ("wait", {"seconds": seconds}), st.sampled_from((0.02, 0.3, 2.0, 20.0, 125.0))
)
messages = st.sampled_from(
    (
        {"type": "audio.commit"},
        {"type": "text", "text": "Tell me a story."},
        {"type": "say", "text": "Hear, hear."},
        {"type": "cancel"},
        {"type": "ping", "t": 1},
    )
)
asking = st.builds(lambda message: ("ask", message), messages)
forging = st.sampled_from(({"token": "rt_guess"}, {"token": ""}, {"session": "ses_other"}))
happening: st.SearchStrategy[Deed] = st.sampled_from(
    [(name, {}) for name in ("go_deaf", "cut", "come_back")]
)
meeting = st.builds(lambda forged: ("meet_a_stranger", forged), forging)
deeds = st.lists(st.one_of(speaking, asking, waiting, happening, meeting), max_size=14)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(deeds)
def test_nothing_is_lost_on_any_journey(journey: Sequence[Deed]) -> None:
    """F-7."""

    async def plot(party: Party) -> None:
        traveller = await Traveller.set_out(party)
        for name, details in journey:
            await getattr(traveller, name)(**details)
        await traveller.arrive()

    tell_party(plot, SETTINGS, chat=ChatScript((STORY,)), voice=VoiceScript())
