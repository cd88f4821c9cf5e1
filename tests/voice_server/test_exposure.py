"""Exposure: no open server beyond loopback, and only the right pages in a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.exposure import (
    check_exposure,
    client_address,
    host_allowed,
    is_loopback,
    origin_allowed,
)
from voice_server.identity.keys import entry
from voice_server.settings import Settings, SettingsError, load

pytestmark = pytest.mark.pure

KEY = "correct-horse-battery-staple"


def settings(*assignments: str) -> Settings:
    return load(None, assignments)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    check_exposure(settings(f'server.host="{host}"'))


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.7", "", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_beyond_loopback_a_key_is_needed(host: str) -> None:
    with pytest.raises(SettingsError, match=r"no key is set.*voice-server token key"):
        check_exposure(settings(f'server.host="{host}"'))
    check_exposure(settings(f'server.host="{host}"', f'auth.keys=["{KEY}"]'))


def test_a_short_key_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match="fewer than 16 characters") as refused:
        check_exposure(settings('auth.keys=["swordfish"]'))
    assert "swordfish" not in str(refused.value)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost:8080", "localhost:8080"),
        ("http://LOCALHOST:8080", "localhost:8080"),
        ("HTTP://localhost:8080", "LocalHost:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://voice.example", "voice.example"),
        ("https://voice.example:443", "voice.example"),
        ("http://voice.example", "voice.example:80"),
        ("https://voice.example.", "voice.example"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "bücher.example"),
    ],
)
def test_our_own_page_may_talk(origin: str, host: str) -> None:
    assert origin_allowed(origin, host, ())


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "localhost:8080"),
        ("", "localhost:8080"),
        ("", ""),
        ("http://", ""),
        ("file://", "localhost:8080"),
        ("http://localhost:8081", "localhost:8080"),
        ("http://localhost", "localhost:8080"),
        ("http://127.0.0.1:8080", "localhost:8080"),
        ("http://evil.localhost:8080", "localhost:8080"),
        ("http://localhost.evil.example:8080", "localhost:8080"),
        ("http://localhost:8080.evil.example", "localhost:8080"),
        ("http://localhost:8080@evil.example", "localhost:8080"),
        ("http://user@localhost:8080", "localhost:8080"),
        ("http://evil.example/localhost:8080", "localhost:8080"),
        ("http://localhost:8080/path", "localhost:8080"),
        ("http://localhost:8080?x", "localhost:8080"),
        ("http://localhost:8080#x", "localhost:8080"),
        ("http://localhost:8080\\evil", "localhost:8080"),
        ("http://localhost:8080, http://evil.example", "localhost:8080"),
        ("http://evilvoice.example", "voice.example"),
        ("http://voice.exampleevil", "voice.example"),
        ("https://vоice.example", "voice.example"),  # a Cyrillic o
        ("ws://localhost:8080", "localhost:8080"),
        ("javascript://localhost:8080", "localhost:8080"),
        ("http://localhost:99999", "localhost:99999"),
        ("http://localhost:port", "localhost:port"),
        ("http:localhost:8080", "localhost:8080"),
        ("//localhost:8080", "localhost:8080"),
    ],
)
def test_any_other_page_may_not(origin: str, host: str) -> None:
    assert not origin_allowed(origin, host, ())


def test_listed_origins_may_talk_and_only_they() -> None:
    allowed = ("https://kiosk.example", "http://tablet:3000")
    assert origin_allowed("https://kiosk.example", "10.0.0.1:8080", allowed)
    assert origin_allowed("https://KIOSK.example:443", "10.0.0.1:8080", allowed)
    assert origin_allowed("http://tablet:3000", "10.0.0.1:8080", allowed)
    assert not origin_allowed("http://kiosk.example", "10.0.0.1:8080", allowed), "other scheme"
    assert not origin_allowed("https://sub.kiosk.example", "10.0.0.1:8080", allowed)
    assert not origin_allowed("http://tablet", "10.0.0.1:8080", allowed)


def test_a_useless_list_entry_allows_nobody() -> None:
    assert not origin_allowed("null", "localhost", ("null", "*", ""))
    assert not origin_allowed("https://evil.example", "localhost", ("*",))


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LocalHost:80", "[::1]:8080"])
def test_without_a_key_this_machine_is_addressed_by_its_own_names(host: str) -> None:
    assert host_allowed(host, settings())


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:8080", "a@localhost", "::1"])
def test_without_a_key_no_name_can_be_pointed_at_us(host: str) -> None:
    assert not host_allowed(host, settings())


def test_allowed_origins_and_keys_make_names_harmless() -> None:
    listed = settings('server.allowed_origins=["https://voice.example"]')
    assert host_allowed("voice.example:8080", listed)
    assert not host_allowed("evil.example:8080", listed)
    assert host_allowed("evil.example:8080", settings(f'auth.keys=["{KEY}"]'))


@given(st.text(), st.text(), st.lists(st.text(), max_size=2))
def test_any_text_gets_an_answer(origin: str, host: str, allowed: list[str]) -> None:
    assert origin_allowed(origin, host, allowed) in (True, False)


@given(st.from_regex(r"https?://[a-z]{1,8}(:[0-9]{1,4})?", fullmatch=True))
def test_an_origin_is_allowed_by_itself(origin: str) -> None:
    assert origin_allowed(origin, "elsewhere.example", [origin])
    assert origin_allowed(origin, origin.split("://")[1], ())


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6", "10.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "6.6.6.6,10.0.0.1 , ::1", "10.0.0.1"),
        ("::1", "::1", "::1"),
        ("127.0.0.1", ", ,", "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_say_who_asks(remote: str, forwarded: str, address: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert client_address(remote, headers, ("127.0.0.1", "::1")) == address


def test_plain_keys_are_warned_of_and_bad_ones_refused(caplog: pytest.LogCaptureFixture) -> None:
    check_exposure(settings(f'auth.keys=["{KEY}"]'))
    assert "voice-server token key" in caplog.text
    assert KEY not in caplog.text
    caplog.clear()
    check_exposure(settings(f'auth.keys=["{entry(KEY, "alice")}"]'))
    assert caplog.text == ""
    with pytest.raises(SettingsError, match=r"auth\.keys.*hexadecimal"):
        check_exposure(settings('auth.keys=["alice=sha256:0123"]'))
    with pytest.raises(SettingsError, match=r"auth\.secret.*32"):
        check_exposure(settings('auth.secret="short"'))


def test_a_provider_is_enough_beyond_loopback() -> None:
    check_exposure(settings("server.host=0.0.0.0", 'auth.jwt.issuer="https://idp.example"'))
