"""Twilio's signature, as Twilio's own package makes it, and the answer to a call."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from voice_server.wires.phone.twiml import answer, as_addressed, is_signed, rejection, signature

pytestmark = pytest.mark.pure

TOKEN = "0123456789abcdef0123456789abcdef"
URL = "https://voice.example/twilio/voice?language=de"
FORM = {"From": "+4312345", "To": "+4398765", "CallSid": "CA1", "Ümlaut": "ä +&="}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=6))
def test_we_sign_as_twilio_does(form: dict[str, str]) -> None:
    theirs = RequestValidator(TOKEN).compute_signature(URL, form)
    assert signature(TOKEN, URL, form.items()) == theirs
    assert is_signed(TOKEN, URL, theirs, form.items())


@pytest.mark.parametrize(
    "signed_url",
    ["wss://voice.example/twilio/media", "wss://voice.example:443/twilio/media"],
)
def test_a_port_may_or_may_not_be_part_of_the_url(signed_url: str) -> None:
    theirs = RequestValidator(TOKEN).compute_signature(signed_url, {})
    assert is_signed(TOKEN, "wss://voice.example/twilio/media", theirs)
    assert is_signed(TOKEN, "wss://voice.example:443/twilio/media", theirs)


@pytest.mark.parametrize(
    ("token", "url", "form"),
    [
        ("other", URL, FORM),
        (TOKEN, URL + "&x=1", FORM),
        (TOKEN, URL, {**FORM, "From": "+1"}),
        (TOKEN, URL, {}),
    ],
)
def test_whatever_was_changed_is_noticed(token: str, url: str, form: dict[str, str]) -> None:
    theirs = RequestValidator(TOKEN).compute_signature(URL, FORM)
    assert not is_signed(token, url, theirs, form.items())


@pytest.mark.parametrize("offered", ["", "x", "ä", "A" * 10_000])
def test_a_signature_that_is_none_is_refused(offered: str) -> None:
    assert not is_signed(TOKEN, URL, offered, FORM.items())


def test_the_answer_is_twiml_with_parameters_whatever_is_in_them() -> None:
    said = {"token": 'a"b', "instructions": "Say <hello> & 'bye'."}
    response = ET.fromstring(answer("wss://voice.example/twilio/media", said).encode())
    stream = response.find("Connect/Stream")
    assert stream is not None
    assert stream.get("url") == "wss://voice.example/twilio/media"
    assert {p.get("name"): p.get("value") for p in stream} == said


def test_a_call_is_rejected_in_twilios_words() -> None:
    response = ET.fromstring(rejection("busy").encode())
    (verb,) = response
    assert (verb.tag, verb.get("reason")) == ("Reject", "busy")


def test_our_address_is_the_one_that_the_provider_knows() -> None:
    assert as_addressed("https://v.example/", "/twilio/voice?a=%20b") == (
        "https://v.example/twilio/voice?a=%20b"
    )
    assert as_addressed("http://v.example:81", "/twilio/media", socket=True) == (
        "ws://v.example:81/twilio/media"
    )
