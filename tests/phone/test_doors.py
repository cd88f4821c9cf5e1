"""Who may call: signatures, tokens, passwords, numbers, and how many at once."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import aiohttp
import pytest
from twilio.request_validator import RequestValidator

from tests.support.phone.audiosocket_line import audiosocket_call
from tests.support.phone.binary_lines import asterisk_call, vonage_call
from tests.support.phone.line import Line
from tests.support.phone.media_stream import telnyx_call, twilio_call
from tests.support.server import ServerProcess

pytestmark = pytest.mark.socket

AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
TOKEN = "the-token-of-the-telephone"
PUBLIC = "https://voice.example"
SCRIPTED = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
HELLO = ("--set", "phone.greeting=Hello.", "--set", "tts.scripted.char_ms=20")


@pytest.fixture(scope="module")
def guarded() -> Iterator[ServerProcess]:
    """It wants a token."""
    limits = ("--set", f"phone.token={TOKEN}", "--set", "phone.calls_waiting_max=2")
    with ServerProcess(*SCRIPTED, *HELLO, *limits) as server:
        yield server


@pytest.fixture(scope="module")
def signed() -> Iterator[ServerProcess]:
    """It believes Twilio's signature, answers Austria only, and has one line for 4 s."""
    phone = {
        "twilio_auth_token": AUTH_TOKEN,
        "public_url": PUBLIC,
        "token": TOKEN,
        "calls_max": "1",
        "call_s_max": "4",
        "allowed_numbers": '["+43*"]',
        "audiosocket": "true",
        "audiosocket_port": "0",
        "audiosocket_peers": '["10.0.0.0/8"]',
    }
    options = [part for key, value in phone.items() for part in ("--set", f"phone.{key}={value}")]
    with ServerProcess(*SCRIPTED, *HELLO, *options) as server:
        yield server


def signature(path: str, form: dict[str, str] | None = None, *, socket: bool = False) -> str:
    """As Twilio's own package makes it."""
    scheme = "wss" if socket else "https"
    url = f"{scheme}://voice.example{path}"
    return str(RequestValidator(AUTH_TOKEN).compute_signature(url, form or {}))


async def hears_hello(call: Line) -> None:
    await call.until_sounding(40)
    await call.hang_up()


async def test_the_token_opens_every_door(guarded: ServerProcess) -> None:
    async with twilio_call(guarded.url, token=TOKEN) as twilio:
        await hears_hello(twilio)
    async with telnyx_call(guarded.url, token=TOKEN) as telnyx:
        await hears_hello(telnyx)
    async with vonage_call(guarded.url, token=TOKEN) as vonage:
        await hears_hello(vonage)
    async with asterisk_call(guarded.url, query=f"?token={TOKEN}") as asterisk:
        await hears_hello(asterisk)


async def test_asterisk_may_bring_it_as_a_password(guarded: ServerProcess) -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth("asterisk", TOKEN)}
    async with asterisk_call(guarded.url, headers=headers) as asterisk:
        await hears_hello(asterisk)


async def test_without_the_token_the_call_is_over_before_it_began(guarded: ServerProcess) -> None:
    async with twilio_call(guarded.url, token="wrong") as call:
        await call.ended.wait()
        assert call.closed_with(4501)
        assert call.sent == []
    async with asterisk_call(guarded.url) as asterisk:
        await asterisk.ended.wait()
        assert asterisk.hung_up


async def test_connections_that_say_nothing_do_not_take_all_lines(guarded: ServerProcess) -> None:
    url = f"{guarded.url}twilio/media"
    async with aiohttp.ClientSession() as http, http.ws_connect(url), http.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url)
        assert refused.value.status == 503
    async with twilio_call(guarded.url, token=TOKEN) as call:
        await hears_hello(call)


async def test_twilio_signs_its_stream(signed: ServerProcess) -> None:
    headers = {"X-Twilio-Signature": signature("/twilio/media", socket=True)}
    async with twilio_call(signed.url, headers) as call:
        await hears_hello(call)


@pytest.mark.parametrize("offered", ["", "x", "signed for another url"])
async def test_a_wrong_signature_is_refused(signed: ServerProcess, offered: str) -> None:
    headers = {"X-Twilio-Signature": signature("/x") if " " in offered else offered}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with twilio_call(signed.url, headers, token=TOKEN):
            pass
    assert refused.value.status == 401


async def ask(server: ServerProcess, form: dict[str, str], signed_as: dict[str, str]) -> ET.Element:
    """What `/twilio/voice` answers."""
    path = "/twilio/voice?language=de"
    headers = {"X-Twilio-Signature": signature(path, signed_as)}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url[:-1]}{path}", data=form, headers=headers) as response,
    ):
        assert response.status == 200
        assert response.content_type == "application/xml"
        return ET.fromstring(await response.text())


async def test_twilio_is_told_where_the_stream_goes(signed: ServerProcess) -> None:
    form = {"From": "+4312345", "To": "+4398765", "CallSid": "CA1"}
    stream = (await ask(signed, form, form)).find("Connect/Stream")
    assert stream is not None
    assert stream.get("url") == "wss://voice.example/twilio/media"
    parameters = {parameter.get("name"): parameter.get("value") for parameter in stream}
    assert parameters == {"language": "de", "token": TOKEN}


async def test_a_caller_from_elsewhere_is_rejected(signed: ServerProcess) -> None:
    form = {"From": "+4912345"}
    reject = (await ask(signed, form, form)).find("Reject")
    assert reject is not None
    assert reject.get("reason") == "rejected"


async def test_a_form_that_was_changed_is_refused(signed: ServerProcess) -> None:
    with pytest.raises(AssertionError):
        await ask(signed, {"From": "+4399999"}, {"From": "+4312345"})


async def test_when_all_lines_are_taken_twilio_is_told_busy(signed: ServerProcess) -> None:
    headers = {"X-Twilio-Signature": signature("/twilio/media", socket=True)}
    form = {"From": "+431"}
    async with twilio_call(signed.url, headers) as call:
        await call.until_sounding(40)
        reject = (await ask(signed, form, form)).find("Reject")
        assert reject is not None
        assert reject.get("reason") == "busy"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with twilio_call(signed.url, headers):
                pass
        assert refused.value.status == 503
        await call.hang_up()


async def test_a_call_lasts_so_long_and_no_longer(signed: ServerProcess) -> None:
    headers = {"X-Twilio-Signature": signature("/twilio/media", socket=True)}
    async with twilio_call(signed.url, headers) as call:
        await asyncio.wait_for(call.ended.wait(), 20)
        assert call.heard_ms() >= 4000
        assert call.closed_with(1000)


async def test_audiosocket_is_for_its_peers_only(signed: ServerProcess) -> None:
    async with audiosocket_call(signed.ready["audiosocket"]) as call:
        await call.ended.wait()
        assert call.arrivals == []


async def test_a_page_of_somebody_else_cannot_pretend_to_be_a_call(
    scripted_phone: ServerProcess,
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with twilio_call(scripted_phone.url, {"Origin": "https://evil.example"}):
            pass
    assert refused.value.status == 403
