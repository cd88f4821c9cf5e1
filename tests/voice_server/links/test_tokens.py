"""Tickets and client secrets over HTTP, and what they open."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from tests.support.house import ROOT
from tests.support.rest import Client, rest_client, rest_server
from voice_server.identity.identity import Identity
from voice_server.identity.keys import entry

pytestmark = pytest.mark.socket

KEY = "a-key-of-enough-letters"
KEYS = f'auth.keys=["{entry(KEY, "alice")}"]'
BEARER = {"Authorization": f"Bearer {KEY}"}


async def post(client: Client, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
    headers = {**BEARER, **more.pop("headers", {})}
    async with client.post(path, headers=headers, **more) as response:
        return response.status, await response.json()


async def ready(client: Client, protocol: str, headers: dict[str, str] | None = None) -> Any:
    """What a session opened with this subprotocol is told first."""
    async with client.ws_connect(
        "/v1/voice", protocols=["voice.v1", protocol], headers=headers or {}
    ) as socket:
        await socket.send_json({"type": "hello", "protocol": 1})
        return await socket.receive_json()


async def refused(client: Client, protocol: str, headers: dict[str, str] | None = None) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await ready(client, protocol, headers)
    return error.value.status


async def test_a_ticket_opens_one_session_as_it_was_bound() -> None:
    async with rest_client(KEYS) as client:
        asked = {
            "mode": "transcription",
            "config": {"language": "de"},
            "max_session_s": 90,
            "user": "bob",
        }
        status, ticket = await post(client, "/v1/tickets", json=asked)
        assert (status, ticket["user"]) == (200, "alice/bob")
        told = await ready(client, ticket["subprotocol"])
        assert (told["mode"], told["config"]["language"]) == ("transcription", "de")
        assert told["limits"]["max_session_s"] == 90
        assert await refused(client, ticket["subprotocol"]) == 401


async def test_a_client_secret_opens_several() -> None:
    async with rest_client(KEYS) as client:
        asked = {"session": {"type": "realtime", "instructions": "Be kind."}}
        status, secret = await post(client, "/v1/realtime/client_secrets", json=asked)
        assert status == 200
        for _ in range(2):
            told = await ready(client, f"token.{secret['value']}")
            assert told["config"]["instructions"] == "Be kind."


@pytest.mark.parametrize("base", ["/v1", "/openai/v1"])
@pytest.mark.parametrize("endpoint", ["sessions", "transcription_sessions"])
async def test_the_betas_endpoints(base: str, endpoint: str) -> None:
    async with rest_client(KEYS) as client:
        status, session = await post(client, f"{base}/realtime/{endpoint}", json={})
        assert status == 200
        told = await ready(client, f"token.{session['client_secret']['value']}")
        mode = "transcription" if endpoint.startswith("t") else "conversation"
        assert told["mode"] == mode


async def test_what_was_made_with_a_key_makes_no_more() -> None:
    async with rest_client(KEYS) as client:
        _, secret = await post(client, "/v1/realtime/client_secrets")
        headers = {"Authorization": f"Bearer {secret['value']}"}
        for path in ("/v1/tickets", "/v1/realtime/client_secrets"):
            status, body = await post(client, path, headers=headers)
            assert (status, body["error"]["code"]) == (403, "forbidden")


async def test_a_secret_of_a_page_is_good_for_that_page() -> None:
    kiosk = {"Origin": "https://kiosk.example"}
    other = {"Origin": "https://other.example"}
    origins = f'server.allowed_origins=["{kiosk["Origin"]}", "{other["Origin"]}"]'
    async with rest_client(KEYS, origins) as client:
        _, secret = await post(client, "/v1/realtime/client_secrets", headers=kiosk)
        protocol = f"token.{secret['value']}"
        assert (await ready(client, protocol, kiosk))["type"] == "ready"
        assert await refused(client, protocol) == 401


async def test_a_ticket_keeps_a_place() -> None:
    async with rest_server(KEYS, "limits.sessions_max=1") as (_, client):
        _, ticket = await post(client, "/v1/tickets")
        status, body = await post(client, "/v1/tickets")
        assert (status, body["error"]["code"]) == (503, "no_capacity")
        assert await refused(client, f"token.{KEY}") == 503
        assert (await ready(client, ticket["subprotocol"]))["type"] == "ready"


async def test_a_user_has_so_many_tickets_and_sessions() -> None:
    async with rest_client(KEYS, "limits.sessions_per_user_max=1") as client:
        _, ticket = await post(client, "/v1/tickets")
        status, body = await post(client, "/v1/tickets")
        assert (status, body["error"]["code"]) == (429, "rate_limit_exceeded")
        assert await refused(client, f"token.{KEY}") == 429
        assert (await ready(client, ticket["subprotocol"]))["type"] == "ready"
        status, _ = await post(client, "/v1/tickets", json={"user": "bob"})
        assert status == 200


async def test_a_used_up_budget_is_told_before_the_socket() -> None:
    async with rest_server(KEYS, "budgets.audio_min_max=1") as (server, client):
        await server.identities.budgets.reserve(Identity("alice", "key"), "audio_ms", 60_000)
        for path in ("/v1/tickets", "/v1/realtime/client_secrets"):
            status, body = await post(client, path)
            assert (status, body["error"]["code"]) == (429, "insufficient_quota")
        status, _ = await post(client, "/v1/tickets", json={"mode": "tts"})
        assert status == 200


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/v1/tickets", b"{", 400),
        ("/v1/tickets", b'{"config": {"voice": "nobody"}}', 400),
        ("/v1/tickets", b'{"config": {"turn": {"silence_ms": -1}}}', 400),
        ("/v1/tickets", b" " * 1_048_577, 413),
        ("/v1/realtime/client_secrets", b'{"session": {"type": "video"}}', 400),
    ],
)
async def test_bad_requests(path: str, content: bytes, status: int) -> None:
    async with rest_client(KEYS) as client:
        found, body = await post(client, path, data=io.BytesIO(content))
        assert (found, body["error"]["type"]) == (status, "invalid_request_error")


async def test_without_a_key_nothing_is_made() -> None:
    async with rest_client(KEYS) as client, client.post("/v1/tickets") as response:
        assert response.status == 401


async def test_a_provider_lets_people_in_without_any_key_of_ours(tmp_path: Path) -> None:
    secret, issuer = "a secret of more than thirty-two letters", "https://idp.example"
    (tmp_path / "shared").write_text(secret)
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": issuer, "aud": "voice-server", "sub": "bob", "jti": "1", "exp": now + 60}
    async with rest_client(
        f'auth.jwt.issuer="{issuer}"',
        "auth.jwt.algorithm=HS256",
        f"auth.jwt.key_file={tmp_path / 'shared'}",
    ) as client:
        assert await refused(client, "token.anything") == 401
        headers = {"Authorization": f"Bearer {jwt.encode(claims, secret)}"}
        status, ticket = await post(client, "/v1/tickets", headers=headers)
        assert (status, ticket["user"]) == (200, "bob")
        headers = {"Authorization": f"Bearer {jwt.encode(claims, secret + '!')}"}
        status, _ = await post(client, "/v1/tickets", headers=headers)
        assert status == 401


async def test_what_the_readme_asks_for_is_given() -> None:
    section = (ROOT / "README.md").read_text().partition("## Who may talk")[2]
    asked = re.search(r"-d '(\{.*?\})'", section)
    assert asked is not None
    async with rest_client(KEYS) as client:
        status, ticket = await post(client, "/v1/tickets", data=asked[1])
    assert (status, ticket["user"]) == (200, "alice/bob")
