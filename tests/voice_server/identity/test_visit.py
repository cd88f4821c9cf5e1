"""What an identity makes of a session: defaults, the leash, and the word when it is revoked."""

import asyncio

import pytest

from voice_server import events as ev
from voice_server.identity.identities import Identities
from voice_server.identity.identity import Identity, Leash, SessionDefaults
from voice_server.identity.visit import Visit
from voice_server.settings import LimitSettings, Settings

pytestmark = pytest.mark.pure


def visit(identity: Identity, identities: Identities | None = None) -> Visit:
    return Visit(identity, identities or Identities(Settings()), "ses_1")


def test_defaults_are_under_what_the_client_asks() -> None:
    config = ev.SessionConfig(language="de", instructions="be kind", turn={"silence_ms": 400})
    identity = Identity("alice", "ticket", session=SessionDefaults(config=config))
    asked = ev.SessionOptions(config=ev.SessionConfig(language="en"), mode="tts")
    options = visit(identity).options(asked)
    assert options.mode == "tts"
    assert (options.config.language, options.config.instructions) == ("en", "be kind")
    assert options.config.turn == {"silence_ms": 400}


def test_the_mode_of_a_credential_is_a_rule() -> None:
    identity = Identity("alice", "ticket", session=SessionDefaults("transcription"))
    assert visit(identity).options(ev.SessionOptions(mode="conversation")).mode == "transcription"


@pytest.mark.parametrize(
    ("leash_s", "server_s", "lasts_s"),
    [(None, 3600, 3600), (60, 3600, 60), (7200, 3600, 3600), (60, 0, 60), (None, 0, 0)],
)
def test_the_shorter_time_counts(leash_s: float | None, server_s: float, lasts_s: float) -> None:
    settings = Settings(limits=LimitSettings(session_s_max=server_s))
    leashed = visit(Identity("alice", "ticket", leash=Leash(leash_s))).settings(settings)
    assert leashed.limits.session_s_max == lasts_s
    assert settings.limits.session_s_max == server_s


async def test_events_pass_and_a_revoked_session_is_told() -> None:
    identities = Identities(Settings())
    told: list[ev.ServerEvent] = []
    here = visit(Identity("alice", "key", "key_1"), identities)
    emit = here.begin("conversation", told.append)
    emit(ev.MessageAcknowledged("1"))
    assert told == [ev.MessageAcknowledged("1")]
    identities.live.end_revoked({"alice": 1.0})
    assert isinstance(told[-1], ev.ErrorRaised)
    await here.end()
    assert identities.live.end_revoked({"alice": 1.0}) == 0
    assert len(asyncio.all_tasks()) == 1


async def test_a_visit_without_a_session_ends_too() -> None:
    await visit(Identity("alice", "key")).end()
