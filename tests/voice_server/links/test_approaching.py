"""A request as the door sees it."""

import pytest
from aiohttp.test_utils import make_mocked_request

from voice_server.links.approaching import approach_of
from voice_server.settings import ServerSettings

pytestmark = pytest.mark.pure


def test_headers_query_and_address() -> None:
    headers = {"Origin": "https://kiosk.example", "X-Forwarded-For": "10.0.0.9"}
    request = make_mocked_request("GET", "/v1/voice?ticket=tk_1", headers=headers)
    request = request.clone(remote="127.0.0.1")
    direct = approach_of(request, ServerSettings())
    assert (direct.origin, direct.credential_in_address) == ("https://kiosk.example", "tk_1")
    assert direct.address == "127.0.0.1"
    assert (
        approach_of(request, ServerSettings(trusted_proxies=("127.0.0.1",))).address == "10.0.0.9"
    )
