"""Who is let in, who is not, in which order the reasons count, and that every place comes back."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from models.load import Load
from voice_server.admission import Admission
from voice_server.closes import ErrorCode
from voice_server.identity.approach import Approach
from voice_server.identity.identity import Denied, Refusal
from voice_server.settings import AuthSettings, LimitSettings, ServerSettings, Settings

pytestmark = pytest.mark.pure

KEY = "a-key-of-enough-letters"
OTHER_KEY = "another-key-as-long"
HOST = {"Host": "127.0.0.1:8080"}
DENIED = (ErrorCode.UNAUTHORIZED,)


def admission(
    *keys: str, sessions_max: int = 3, per_address: int = 2, origins: tuple[str, ...] = ()
) -> Admission:
    return Admission(
        Settings(
            server=ServerSettings(allowed_origins=origins),
            auth=AuthSettings(keys=keys),
            limits=LimitSettings(
                sessions_max=sessions_max,
                sessions_per_ip_max=per_address,
                arrivals_per_s_per_ip_max=1000,
            ),
        )
    )


async def refusal(
    door: Admission, headers: dict[str, str], protocols: tuple[str, ...] = ()
) -> Refusal | None:
    offered = {"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {}
    approach = Approach(CIMultiDict({**HOST, **headers, **offered}), {}, "10.0.0.1")
    try:
        await door.admit(approach)
    except Denied as denied:
        return denied.refusal
    return None


async def refused(
    door: Admission, headers: dict[str, str], protocols: tuple[str, ...] = ()
) -> ErrorCode | None:
    found = await refusal(door, headers, protocols)
    return found.code if found else None


def hits(door: Admission, limit: str) -> float:
    registry = door.identities.metrics.registry
    return registry.get_sample_value("voice_server_limit_hits_total", {"limit": limit}) or 0.0


def bearer(key: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {key}"}


async def test_without_keys_nobody_needs_one() -> None:
    assert await refused(admission(), {}) is None
    assert await refused(admission(), bearer("whatever")) is None


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_key_opens_as_a_header(key: str, scheme: str) -> None:
    assert await refused(admission(KEY, OTHER_KEY), bearer(key, scheme)) is None
    assert await refused(admission(KEY, OTHER_KEY), {"authorization": f"{scheme}  {key} "}) is None


async def test_a_key_opens_as_a_subprotocol() -> None:
    assert await refused(admission(KEY), {}, ("voice.v1", f"token.{KEY}")) is None


@pytest.mark.parametrize(
    ("headers", "protocols"),
    [
        ({}, ()),
        ({}, ("voice.v1",)),
        ({}, ("voice.v1", "token.")),
        ({}, ("voice.v1", KEY)),
        ({}, (f"Token.{KEY}",)),
        ({}, (f"token.{KEY}x",)),
        ({}, (f"token.{KEY[:-1]}",)),
        ({}, ("token.wrong", f"token.{KEY}")),
        (bearer(KEY.upper()), ()),
        (bearer(""), ()),
        ({"Authorization": KEY}, ()),
        ({"Authorization": "Bearer"}, ()),
        (bearer(KEY, "Basic"), ()),
        (bearer("\udcff" * 8), ()),
        (bearer("wrong"), (f"token.{KEY}",)),
        ({"X-Api-Key": KEY}, ()),
    ],
)
async def test_no_key_and_wrong_keys_stay_outside(
    headers: dict[str, str], protocols: tuple[str, ...]
) -> None:
    assert await refused(admission(KEY), headers, protocols) is ErrorCode.UNAUTHORIZED


@given(st.text(), st.text())
def test_guesses_stay_outside(guess: str, protocol: str) -> None:
    async def guessed() -> None:
        headers = {"Authorization": guess}
        assert await refused(admission(KEY), headers, (protocol,)) in DENIED
        assert await refused(admission(KEY), bearer(guess), ()) in DENIED

    asyncio.run(guessed())


async def test_a_refusal_repeats_no_key() -> None:
    told = await refusal(admission(KEY), bearer("my-secret-key"))
    assert told is not None
    assert "my-secret-key" not in told.message
    assert KEY not in told.message


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ("http://127.0.0.1:8080", None),
        ("https://kiosk.example", None),
        ("https://evil.example", ErrorCode.ORIGIN_DENIED),
        ("http://127.0.0.1:9090", ErrorCode.ORIGIN_DENIED),
        ("https://kiosk.example.evil.example", ErrorCode.ORIGIN_DENIED),
        ("null", ErrorCode.ORIGIN_DENIED),
        ("", ErrorCode.ORIGIN_DENIED),
    ],
)
async def test_pages_from_elsewhere_stay_outside(origin: str, code: ErrorCode | None) -> None:
    door = admission(origins=("https://kiosk.example",))
    assert await refused(door, {"Origin": origin}) is code


async def test_a_name_that_was_made_to_point_here_is_refused() -> None:
    assert await refused(admission(), {"Host": "evil.example"}) is ErrorCode.ORIGIN_DENIED
    assert await refused(admission(), {"Host": ""}) is ErrorCode.ORIGIN_DENIED


async def test_a_key_does_not_help_a_strange_page() -> None:
    headers = {"Origin": "https://evil.example", **bearer(KEY)}
    assert await refused(admission(KEY), headers) is ErrorCode.ORIGIN_DENIED


def test_all_places_and_no_more() -> None:
    door = admission(sessions_max=3, per_address=9)
    assert [door.enter(f"10.0.0.{number}") for number in range(3)] == [None, None, None]
    told = door.enter("10.0.0.9")
    assert told is not None
    assert (told.code, told.retry_after_s) == (ErrorCode.NO_CAPACITY, 5)
    assert hits(door, "sessions") == 1
    door.leave("10.0.0.1")
    assert door.enter("10.0.0.9") is None


def test_one_address_cannot_take_every_place() -> None:
    door = admission(sessions_max=9, per_address=2)
    assert (door.enter("a"), door.enter("a")) == (None, None)
    told = door.enter("a")
    assert told is not None
    assert (told.code, told.retry_after_s) == (ErrorCode.RATE_LIMITED, 5)
    assert hits(door, "sessions_per_ip") == 1
    assert door.enter("b") is None
    door.leave("a")
    assert door.enter("a") is None


def test_a_server_that_leaves_lets_nobody_in_and_says_so() -> None:
    door = admission()
    door.draining = True
    told = door.enter("a")
    assert told is not None
    assert told.code is ErrorCode.NO_CAPACITY
    assert "restarting" in told.message


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=60))
def test_every_place_comes_back(steps: list[tuple[bool, str]]) -> None:
    door = admission(sessions_max=4, per_address=2)
    inside: list[str] = []
    for enters, address in steps:
        if enters:
            room = len(inside) < 4 and inside.count(address) < 2
            assert (door.enter(address) is None) is room
            inside += [address] if room else []
        elif address in inside:
            door.leave(address)
            inside.remove(address)
        assert door.full is (len(inside) == 4)


def test_busy_models_let_nobody_in_until_they_have_time() -> None:
    load = Load()
    door = Admission(Settings(), load=lambda: load)
    assert door.enter("a") is None
    load = Load(8.0, full=True, retry_after_s=7)
    assert door.full
    refusal = door.enter("b")
    assert refusal is not None
    assert (refusal.code, refusal.retry_after_s) == (ErrorCode.NO_CAPACITY, 7)
    assert "too busy" in refusal.message
    assert hits(door, "asr_load") == 1
    load = Load()
    assert door.enter("b") is None


def test_a_late_loop_lets_nobody_in_beside_those_who_talk() -> None:
    now = 100.0
    door = Admission(Settings(), clock=lambda: now)
    for _ in range(10):
        door.loop_lagged(0.2)
    assert door.enter("a") is None, "nobody is inside, so it is not their doing"
    assert door.full
    refusal = door.enter("b")
    assert refusal is not None
    assert (refusal.code, refusal.retry_after_s) == (ErrorCode.NO_CAPACITY, 5)
    assert hits(door, "loop_lag") == 1
    assert door.enter("b", returns=True) is None, "who was let in elsewhere is no newcomer"
    door.leave("b")
    now += 10.1
    assert door.enter("b") is None


def test_memory_that_is_nearly_gone_lets_nobody_in() -> None:
    share = 0.5
    door = Admission(Settings(), memory_share=lambda: share)
    assert door.enter("a") is None
    share = 0.86
    assert door.enter("b") is not None
    assert hits(door, "memory") == 1
    share = 0.7
    assert door.enter("b") is None
