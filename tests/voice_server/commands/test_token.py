"""`voice-server token`: what it makes opens doors, what it revokes closes them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.redis_server import RedisServer, redis_server
from tests.support.server import ServerProcess
from voice_server.cli import application
from voice_server.identity.keys import KeyRing, entry

pytestmark = pytest.mark.socket

__all__ = ["redis_server"]

KEY = "correct-horse-battery-staple"
SCRIPTED = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")


def token(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(application, ["token", *words], input=stdin)


@pytest.fixture(scope="module")
def guarded() -> Iterator[ServerProcess]:
    """A server that knows one key."""
    with ServerProcess(*SCRIPTED, "--set", f'auth.keys=["{entry(KEY, "alice")}"]') as server:
        yield server


def test_a_key_and_its_line() -> None:
    made = json.loads(token("key", "--user", "alice", "--json").stdout)
    key = KeyRing([made["entry"]]).find(made["key"])
    assert key is not None
    assert key.user == made["user"] == "alice"
    shown = token("key", "--user", "alice").stdout
    assert "auth.keys" in shown
    assert '"alice=sha256:' in shown


def test_a_key_that_exists_is_hashed_and_not_repeated() -> None:
    done = token("key", "--user", "bob", "--stdin", stdin=f"{KEY}\n")
    assert f"bob=sha256:{hashlib.sha256(KEY.encode()).hexdigest()}" in done.stdout
    assert KEY not in done.stdout


def test_a_ticket_and_a_secret_are_made_by_the_server(guarded: ServerProcess) -> None:
    at = ("--server", guarded.url, "--key", KEY, "--user", "bob")
    ticket = json.loads(token("ticket", *at, "--mode", "tts", "--json").stdout)
    assert ticket["user"] == "alice/bob"
    secret = json.loads(token("secret", *at, "--transcription", "--seconds", "60", "--json").stdout)
    assert secret["session"]["type"] == "transcription"
    assert "ek_" in token("secret", *at, "--instructions", "Be kind.").stdout
    assert "ticket.tk_" in token("ticket", *at).stdout


def test_what_is_revoked_is_written_down_by_name_only(tmp_path: Path) -> None:
    file = tmp_path / "revoked"
    place = ("--set", f"auth.revoked_file={file}")
    made = json.loads(token("key", "--json").stdout)
    for what in ("alice", "acme/bob", made["key"], made["entry"], "tk_a-ticket"):
        done = token("revoke", what, *place)
        assert done.exit_code == 0, done.stderr
    subjects = [line.split(" ", 1)[1] for line in file.read_text().splitlines()]
    assert subjects[:2] == ["alice", "acme/bob"]
    assert subjects[2] == subjects[3]
    assert made["key"] not in file.read_text()
    assert "tk_a-ticket" not in file.read_text()


def test_what_is_revoked_where_a_store_is_shared_is_revoked_for_all(
    redis_server: RedisServer,
) -> None:
    place = redis_server.options()
    done = token("revoke", "alice", "--json", *place)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["store"].endswith("redis.sock")
    assert list(redis_server.admin.hgetall("vs:revoked")) == ["alice"]
    redis_server.kill()
    done = token("revoke", "eve", *place)
    assert done.exit_code != 0
    assert "nothing was revoked" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("key", "--user", "a b"), "a user has 1 to 64 letters"),
        (("key", "--stdin"), "fewer than 16 characters"),
        (("revoke", "a b"), "no spaces"),
        (("revoke", "ek_nonsense"), "no client secret"),
        (("revoke", "sha256:0123"), "hexadecimal"),
        (("revoke", "alice", "--set", "auth.revoked_file=/dev/null/no"), "auth.revoked_file"),
        (("ticket", "--server", "http://127.0.0.1:1"), "did not answer"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], says: str) -> None:
    done = token(*words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_the_server_refuses_is_its_sentence(guarded: ServerProcess) -> None:
    done = token("ticket", "--server", guarded.url, "--key", "a wrong key of mine")
    assert (done.exit_code, "A key is needed" in done.stderr) == (2, True)
    done = token("ticket", "--server", guarded.url, "--key", KEY, "--mode", "singing")
    assert (done.exit_code, "mode" in done.stderr) == (2, True)
