"""A clock that jumps by an hour, as after a bad NTP answer or a laptop's sleep (R-28): what was to
last for seconds lasts as many, and tokens are believed within the leeway and no further."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.support.store_clock import NOON, HandClock
from voice_server.closes import ErrorCode
from voice_server.identity.identities import Identities
from voice_server.identity.identity import Denied, Identity
from voice_server.identity.provider_tokens import ProviderTokens
from voice_server.settings import JwtSettings, Settings

pytestmark = pytest.mark.pure

HOUR_S = timedelta(hours=1).total_seconds()
SECRET = "a secret that the house and its identity provider share"
ISSUER = "https://idp.example"


@pytest.mark.parametrize("jump_s", [-HOUR_S, HOUR_S])
async def test_a_ticket_waits_for_as_long_as_it_was_to(jump_s: float) -> None:
    clock = HandClock()
    identities = Identities(Settings(), now=clock)
    ticket = await identities.tickets.issue(Identity("alice", "key"), clock())
    clock.now += jump_s
    holder = await identities.tickets.redeem(ticket.value)
    assert holder is not None
    assert await identities.tickets.redeem(ticket.value) is None


@pytest.mark.parametrize(
    ("jump_s", "believed"),
    [(0, True), (-29, True), (-31, False), (-HOUR_S, False), (328, True), (HOUR_S, False)],
)
def test_a_token_is_believed_half_a_minute_early_and_late(
    tmp_path: Path, jump_s: float, believed: bool
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    provider = ProviderTokens(JwtSettings(issuer=ISSUER, algorithm="HS256", key_file=file))
    claims: dict[str, Any] = {"iss": ISSUER, "aud": "voice-server", "sub": "bob", "jti": "1"}
    token = jwt.encode({**claims, "iat": NOON, "exp": NOON + 299}, SECRET, "HS256")
    try:
        assert provider.believe(token, NOON + jump_s).user == "bob"
        assert believed
    except Denied as denied:
        assert not believed
        assert denied.refusal.code in (ErrorCode.UNAUTHORIZED, ErrorCode.TOKEN_EXPIRED)


def test_a_session_that_never_expires_survives_any_jump() -> None:
    identities = Identities(Settings())
    told: list[object] = []
    identities.live.add("one", Identity("alice", "key"), told.append)
    assert [identities.live.end_expired(NOON + jump) for jump in (-HOUR_S, HOUR_S)] == [0, 0]
    assert told == []
