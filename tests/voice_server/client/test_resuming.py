"""A client names what it has seen, passes on each event once, and knows when to begin anew."""

import numpy as np
import pytest

from voice_server.client.events import Ack, Audio, Error, Final, Flow, Ready, State
from voice_server.client.outgoing import Speech
from voice_server.client.parts import AudioSpec, GrantedAudio, ResumeOffer
from voice_server.client.resuming import Resuming

pytestmark = pytest.mark.pure

AUDIO = GrantedAudio("framed", AudioSpec("pcm_s16le", 100), AudioSpec("pcm_s16le", 100))


def ready(session: str, offer: ResumeOffer | None, *, resumed: bool = False) -> Ready:
    sn = None if resumed else 1
    return Ready(
        sn=sn, session=session, mode="conversation", audio=AUDIO, resumed=resumed, resume=offer
    )


def begun(*, wanted: bool = True) -> Resuming:
    resuming = Resuming(100, wanted=wanted)
    first = ready("ses_1", ResumeOffer("rt_1", ttl_s=120))
    resuming.greeted(first, 0.0)
    resuming.note(first)
    return resuming


def waiting(resuming: Resuming) -> list[int]:
    """Lengths of the pieces of microphone that are to be sent."""
    pieces = []
    while said := resuming.outgoing.take():
        assert isinstance(said, Speech)
        pieces.append(said.end - said.position)
    return pieces


def test_a_new_client_asks_for_no_session() -> None:
    resuming = Resuming(100, wanted=True)
    assert (resuming.request, resuming.possible, resuming.features) == (None, False, ("resume",))


def test_a_client_that_will_not_come_back_does_not_keep_a_place() -> None:
    resuming = begun(wanted=False)
    assert (resuming.possible, resuming.features) == (False, ())


def test_it_names_the_session_and_the_newest_event() -> None:
    resuming = begun()
    assert resuming.note(State(sn=2, state="listening"))
    assert resuming.note(Audio(1, 0, np.zeros(3, np.int16), sn=3))
    seen = {"last_sn": 3, "last_text_sn": 2}
    assert resuming.request == {"session": "ses_1", "token": "rt_1", **seen}


def test_each_event_is_passed_on_once() -> None:
    resuming = begun()
    assert [resuming.note(State(sn=sn, state="x")) for sn in (2, 2, 1, 3)] == [
        True,
        False,
        False,
        True,
    ]


def test_the_token_of_a_resumed_session_is_the_next_one() -> None:
    resuming = begun()
    resuming.greeted(ready("ses_1", ResumeOffer("rt_2", ttl_s=120), resumed=True), 1.0)
    seen = {"last_sn": 1, "last_text_sn": 1}
    assert resuming.request == {"session": "ses_1", "token": "rt_2", **seen}


def test_it_says_again_what_the_server_lacks() -> None:
    resuming = begun()
    for _ in range(3):
        resuming.outgoing.speak(bytes(20))
    waiting(resuming)
    resuming.note(Flow(sn=2, acked_pos=30, credit_ms=0, covered_pos=10))
    resuming.lost(0.0)
    resuming.greeted(ready("ses_1", ResumeOffer("rt_2", input_pos=20), resumed=True), 1.0)
    assert waiting(resuming) == [10]


@pytest.mark.parametrize(("back_at", "pieces"), [(119.0, [10]), (121.0, [])])
def test_a_new_session_hears_what_is_still_worth_hearing(back_at: float, pieces: list[int]) -> None:
    resuming = begun()
    resuming.outgoing.speak(bytes(20))
    waiting(resuming)
    resuming.lost(0.0)
    resuming.lost(100.0)
    resuming.greeted(ready("ses_2", ResumeOffer("rt_9", ttl_s=120)), back_at)
    assert waiting(resuming) == pieces
    assert resuming.note(State(sn=2, state="x"))


def test_acknowledgements_are_for_whoever_asked() -> None:
    resuming = begun()
    resuming.outgoing.command({"type": "text"})
    resuming.outgoing.command({"type": "text", "id": "mine"})
    ours = resuming.outgoing.take()
    assert ours is not None and not isinstance(ours, Speech)
    assert not resuming.note(Ack(id=ours.id))
    assert resuming.note(Ack(id="mine"))
    assert resuming.note(Error(sn=2, code="bad_request", message="No.", id=ours.id))


def test_a_final_covers_what_it_says() -> None:
    resuming = begun()
    resuming.outgoing.speak(bytes(20_000))
    waiting(resuming)
    resuming.note(Final(sn=2, item="turn_1", text="", covered_pos=10_000))
    resuming.greeted(ready("ses_1", ResumeOffer("rt_2"), resumed=True), 1.0)
    assert waiting(resuming) == []
