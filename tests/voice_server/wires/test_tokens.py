"""Requests for tickets and client secrets: what they mean, and what is wrong with them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import ClientSecretCreateResponse

from voice_server.identity.identity import Identity, Leash
from voice_server.identity.tickets import Ticket
from voice_server.wires import tokens as wire
from voice_server.wires.openai_errors import ApiError
from voice_server.wires.realtime.configuration import Surroundings

pytestmark = pytest.mark.pure

KIOSK = "https://kiosk.example"
PROGRAM = wire.Asker(Identity("acme", "key", "key_1"), None)
PAGE = wire.Asker(Identity("acme", "key", "key_1"), KIOSK)
AROUND = Surroundings()


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_a_ticket_for_somebody_elses_user() -> None:
    asked = body(
        user="bob",
        origin=KIOSK,
        max_session_s=60,
        max_turns=3,
        mode="transcription",
        config={"language": "de", "turn": {"silence_ms": 400}},
    )
    holder = wire.ticket_holder(asked, PROGRAM)
    assert (holder.user, holder.issuer) == ("acme/bob", "key_1")
    assert holder.leash == Leash(60, 3, KIOSK)
    assert holder.session.mode == "transcription"
    assert holder.session.config.language == "de"
    assert holder.session.config.turn == {"silence_ms": 400}


def test_nothing_asked_is_a_ticket_for_oneself() -> None:
    holder = wire.ticket_holder(b"", PROGRAM)
    assert (holder.user, holder.leash, holder.session.mode) == ("acme", Leash(), None)


def test_what_a_page_asks_for_is_for_that_page() -> None:
    assert wire.ticket_holder(b"", PAGE).leash.origin == KIOSK
    assert wire.ticket_holder(body(origin=KIOSK), PAGE).leash.origin == KIOSK
    with pytest.raises(ApiError) as refused:
        wire.ticket_holder(body(origin="https://other.example"), PAGE)
    assert refused.value.param == "origin"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"user": "a/b"}, "user"),
        ({"user": ""}, "user"),
        ({"user": "a" * 65}, "user"),
        ({"origin": "https://kiosk.example/"}, "origin"),
        ({"origin": "HTTPS://KIOSK.EXAMPLE"}, "origin"),
        ({"origin": "*"}, "origin"),
        ({"max_session_s": 0}, "max_session_s"),
        ({"max_turns": 0}, "max_turns"),
        ({"max_turns": 1.5}, "max_turns"),
        ({"mode": "singing"}, "mode"),
        ({"config": {"speed": "fast"}}, "config.speed"),
    ],
)
def test_bad_tickets_name_the_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        wire.ticket_holder(body(**fields), PROGRAM)
    assert (refused.value.status, refused.value.param) == (400, param)


def test_a_client_secret_carries_its_session() -> None:
    session = {"type": "realtime", "model": "local", "instructions": "Be kind."}
    asked = wire.secret_holder(
        body(session=session, expires_after={"anchor": "created_at", "seconds": 60}, max_turns=2),
        PROGRAM,
        AROUND,
    )
    assert (asked.ttl_s, asked.identity.leash) == (60, Leash(turns_max=2))
    assert asked.identity.session.realtime == session
    assert asked.identity.session.mode is None
    assert asked.identity.session.config.instructions == "Be kind."
    assert (asked.session.model, asked.session.instructions) == ("local", "Be kind.")


def test_a_transcription_secret_only_transcribes() -> None:
    asked = wire.secret_holder(body(session={"type": "transcription"}), PROGRAM, AROUND)
    assert asked.identity.session.mode == "transcription"
    assert asked.session.type == "transcription"


@pytest.mark.parametrize("type", ["realtime", "transcription"])
def test_the_answer_is_what_openais_package_expects(type: str) -> None:
    asked = wire.secret_holder(body(session={"type": type}), PROGRAM, AROUND)
    session = {**asked.session.to_json(), "id": "sess_1", "expires_at": 10}
    answer = wire.secret_json("ek_a.b.c", 10, session)
    parsed = ClientSecretCreateResponse.model_validate(answer, strict=True)
    assert (parsed.value, parsed.session.type) == ("ek_a.b.c", type)


def test_the_betas_session_is_flat() -> None:
    asked = wire.beta_secret_holder(
        body(instructions="Be kind.", modalities=["text"], turn_detection=None, max_turns=2),
        PROGRAM,
        AROUND,
        transcribes=False,
    )
    assert asked.identity.leash.turns_max == 2
    assert asked.session.audio.input.turn_detection is None
    answer = wire.beta_secret_json("ek_a.b.c", 10, {**asked.session.to_json(), "id": "sess_1"})
    assert answer["client_secret"] == {"value": "ek_a.b.c", "expires_at": 10}
    assert (answer["modalities"], answer["turn_detection"]) == (["text"], None)


def test_the_betas_transcription() -> None:
    asked = wire.beta_secret_holder(
        body(input_audio_format="g711_ulaw"), PROGRAM, AROUND, transcribes=True
    )
    assert asked.identity.session.mode == "transcription"


@pytest.mark.parametrize(
    "fields",
    [
        {"session": {"type": "video"}},
        {"session": {"audio": {"output": {"speed": 9}}}},
        {"session": {"instructions": "x" * 20_000}},
        {"session": []},
        {"expires_after": {"seconds": 9}},
        {"expires_after": {"seconds": 7201}},
        {"expires_after": {"anchor": "now", "seconds": 60}},
    ],
)
def test_bad_secrets_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        wire.secret_holder(body(**fields), PROGRAM, AROUND)
    assert refused.value.status == 400


@given(st.binary())
def test_any_body_is_understood_or_refused(content: bytes) -> None:
    for parse in (
        lambda: wire.ticket_holder(content, PROGRAM),
        lambda: wire.secret_holder(content, PROGRAM, AROUND),
        lambda: wire.beta_secret_holder(content, PROGRAM, AROUND, transcribes=False),
    ):
        try:
            parse()
        except ApiError as error:
            assert error.status == 400


def test_a_ticket_says_how_to_offer_it() -> None:
    ticket = Ticket("tk_1", Identity("acme/bob", "ticket"), 10.7)
    assert wire.ticket_json(ticket) == {
        "ticket": "tk_1",
        "subprotocol": "ticket.tk_1",
        "expires_at": 10,
        "user": "acme/bob",
    }
