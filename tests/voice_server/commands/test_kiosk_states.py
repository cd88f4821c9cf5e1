"""What a lamp shows: nothing of a room that has not called, everything of one that has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.client.events import Event, Notice, Ready, Reconnected, Reconnecting, State
from voice_server.client.parts import AudioSpec, GrantedAudio
from voice_server.commands.kiosk_states import STATES, KioskStates

pytestmark = pytest.mark.pure

SPEC = AudioSpec("pcm_s16le", 16_000)
GRANTED = GrantedAudio("framed", SPEC, SPEC)
BY_NAME = {"turn": {"wake_phrases": ["hey computer"]}}
HEARING, SPEAKING = State(state="hearing"), State(state="speaking")
AWAKE, ASLEEP = Notice(code="awake"), Notice(code="asleep")
LOST = Reconnecting(1.0, 1, "lost")


def ready(*, by_name: bool = True, resumed: bool = False) -> Ready:
    config = BY_NAME if by_name else {}
    return Ready(
        session="ses_1", mode="conversation", audio=GRANTED, config=config, resumed=resumed
    )


def seen(*events: Event) -> list[str]:
    """The states, one after the other."""
    states = KioskStates()
    return [states.now, *(states.take(event) for event in events)]


def test_until_it_is_called_a_device_sleeps() -> None:
    assert seen(ready(), HEARING, State(state="thinking")) == ["connecting"] + 3 * ["asleep"]


def test_a_greeting_shows() -> None:
    assert seen(ready(), SPEAKING, State(state="listening"))[2:] == ["speaking", "asleep"]


def test_the_phrase_wakes_it_until_it_sleeps_again() -> None:
    shown = seen(ready(), HEARING, AWAKE, State(state="endpointing"), SPEAKING, HEARING, ASLEEP)
    assert shown[2:] == ["asleep", "hearing", "hearing", "speaking", "hearing", "asleep"]


def test_without_a_phrase_it_never_sleeps() -> None:
    assert seen(ready(by_name=False), HEARING, ASLEEP) == [
        "connecting",
        "listening",
        "hearing",
        "hearing",
    ]


def test_a_session_that_comes_back_is_as_awake_as_it_was() -> None:
    assert seen(ready(), AWAKE, LOST, ready(resumed=True))[-2:] == ["reconnecting", "listening"]
    assert seen(ready(), AWAKE, LOST, ready())[-1] == "asleep"
    assert seen(ready(), LOST, ready(resumed=True), Reconnected(True, 1))[-1] == "asleep"


CONVERSATION = [State(state=state) for state in ("listening", "endpointing", "paused")]


@given(st.lists(st.sampled_from([ready(), AWAKE, ASLEEP, LOST, HEARING, SPEAKING, *CONVERSATION])))
def test_every_state_has_its_word(events: list[Event]) -> None:
    assert set(seen(*events)) <= set(STATES)
