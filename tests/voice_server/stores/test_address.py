"""URLs of Redis: what they name, what they may not say, and that nobody sees the password."""

import pytest

from voice_server.settings import SettingsError
from voice_server.stores.address import StoreAddress, parse_address

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        ("redis://cache", StoreAddress("cache"), "cache:6379"),
        ("redis://[::1]:7000/2", StoreAddress("::1", 7000, database=2), "::1:7000/2"),
        ("rediss://cache", StoreAddress("cache", tls=True), "cache:6379"),
        ("unix:///run/r.sock", StoreAddress("", 0, "/run/r.sock"), "/run/r.sock"),
        ("unix:///r.sock?db=3", StoreAddress("", 0, "/r.sock", 3), "/r.sock/3"),
        (
            "redis://voice:open%20sesame@cache",
            StoreAddress("cache", user="voice", password="open sesame"),
            "cache:6379",
        ),
        ("unix://v:p@/r.sock", StoreAddress("", 0, "/r.sock", 0, False, "v", "p"), "/r.sock"),
    ],
)
def test_a_url_names(url: str, address: StoreAddress, shown: str) -> None:
    assert parse_address(url) == address
    assert str(address) == shown


@pytest.mark.parametrize(
    "url", ["cache:6379", "http://cache", "redis://", "unix://", "redis://c/x", "redis://c:port"]
)
def test_what_is_no_address_is_explained(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^store\.url: write redis://HOST"):
        parse_address(url)


def test_nothing_in_a_url_can_switch_off_the_timeouts() -> None:
    with pytest.raises(SettingsError, match="'socket_timeout' cannot be set there"):
        parse_address("redis://cache?socket_timeout=60")


def test_s20_the_password_is_not_shown() -> None:
    address = parse_address("redis://voice:open-sesame@cache")
    assert "sesame" not in f"{address} {address!r}"
    with pytest.raises(SettingsError) as caught:
        parse_address("redis://voice:open-sesame@cache:port")
    assert "sesame" not in str(caught.value)
