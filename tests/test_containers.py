"""The container files, as far as they can be shown without a container engine.

The linter reads the Dockerfile; the commands of its build are run in a clean folder, and what they
make serves; its health check asks a real server; what compose.yaml sets are settings; every
container is shut in.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.nginx import BEHIND, SHIPPED, Nginx
from tests.support.redis_server import RedisServer
from tests.support.server import ROOT, ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import connected
from voice_server.metrics import Metrics
from voice_server.settings import load
from voice_server.stores.examination import examine
from voice_server.stores.redis_link import RedisLink

pytestmark = pytest.mark.socket

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
each_service = pytest.mark.parametrize("name", SERVICES)


def steps() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def said(word: str) -> list[str]:
    return [rest for instruction, rest in steps() if instruction == word]


def copied() -> list[str]:
    """What comes from the checkout."""
    sources = (shlex.split(rest)[:-1] for rest in said("COPY") if not rest.startswith("--from"))
    return [source for paths in sources for source in paths]


def test_the_linter_has_nothing_to_say() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter is not None
    done = subprocess.run(
        [linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_copied_may_be_copied() -> None:
    allowed = (ROOT / ".dockerignore").read_text().split()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert f"!{source}" in allowed


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands in /opt of the image: made by the build stage's own commands, in its source.

    The base image brings `pip` along, whose one order is not carried out, and packages come from
    the cache that the set-up has filled, linked and not compiled.
    """
    place = tmp_path_factory.mktemp("image")
    _copy(place / "source")
    tools = place / "tools"
    tools.mkdir()
    (tools / "pip").write_text("#!/bin/sh\n")
    (tools / "pip").chmod(0o755)
    (tools / "uv").symlink_to(Path(sys.executable).parent / "uv")
    (tools / "python3").symlink_to(sys.executable)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "VIRTUAL_ENV": ""}
    for command in _build_commands():
        here = command.replace("/opt/", f"{place}/opt/").replace("--no-cache ", "")
        done = subprocess.run(
            ["sh", "-ec", here],
            cwd=place / "source",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return place / "opt"


def _copy(folder: Path) -> None:
    """What the build stage copies out of the checkout, and nothing else."""
    for source in copied():
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / source, target)


def _build_commands() -> list[str]:
    """Those of the first stage."""
    instructions = steps()
    starts = [place for place, (word, _) in enumerate(instructions) if word == "FROM"]
    first = instructions[starts[0] : starts[1]]
    return [rest for word, rest in first if word == "RUN"]


def test_what_the_build_makes_serves(image: Path, tmp_path: Path) -> None:
    """As the image does: its entry point and settings, another folder, nothing of this one."""
    entry, *command = json.loads(said("ENTRYPOINT")[0]) + json.loads(said("CMD")[0])
    environment = dict(re.findall(r"(VOICE_SERVER_\w+)=(\S+)", " ".join(said("ENV"))))
    environment |= {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    environment["VOICE_SERVER_AUTH__KEYS"] = f'["me=sha256:{"0" * 64}"]'
    engines = "--offline --asr bundled --tts espeak --llm offline"
    with subprocess.Popen(
        [image / "voice-server" / "bin" / entry, *command, "--port", "0", *engines.split()],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdout is not None
        try:
            ready = json.loads(server.stdout.readline())
            with urllib.request.urlopen(f"http://127.0.0.1:{ready['port']}/", timeout=20) as page:
                assert b"<html" in page.read()
        finally:
            server.terminate()
    assert server.returncode == 0


def test_what_is_installed_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", " ".join(said("RUN")))
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert shlex.split(said("ENTRYPOINT")[0].strip("[]"))[0] in project["scripts"]


def test_it_does_not_run_as_root() -> None:
    (user,) = said("USER")
    uid = user.split(":")[0]
    assert f"--uid {uid} " in " ".join(said("RUN"))
    targets = [rest.rpartition(" AS ") for rest in said("FROM")]
    assert {target: origin for origin, _, target in targets if target in ("cpu", "gpu")} == {
        "cpu": "base",
        "gpu": "base",
    }


def test_the_health_check_asks_a_real_server() -> None:
    (check,) = said("HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    with ServerProcess() as server:
        asks = [sys.executable, "-c", command[2].replace("8080", str(server.port))]
        assert subprocess.run(asks, check=False).returncode == 0
    assert subprocess.run(asks, check=False, stderr=subprocess.DEVNULL).returncode != 0


def test_the_environment_is_made_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = f'["me=sha256:{"0" * 64}"]'
    for name in ("voice", "voice-gpu"):
        for key, value in SERVICES[name]["environment"].items():
            default = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
            filled = re.sub(r"\$\{VOICE_KEYS:\?.*?\}", entry, default)
            monkeypatch.setenv(key, filled)
        for key, value in re.findall(r"(VOICE_SERVER_\w+)=(\S+)", " ".join(said("ENV"))):
            monkeypatch.setenv(key, value)
        settings = load(None, [])
        assert settings.server.host == "0.0.0.0"
        assert settings.auth.keys
        proxy = SERVICES["nginx"]["networks"]["inside"]["ipv4_address"]
        assert settings.server.trusted_proxies == (proxy,)
    assert settings.llm.engine == "http://vllm:8000/v1"
    assert "vllm" in SERVICES


@each_service
def test_every_container_is_shut_in(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service or name == "nginx"
    own_image = service["image"].startswith(("voice-server:", "nginxinc/nginx-unprivileged:"))
    assert own_image or not service["user"].startswith("0")


@each_service
def test_every_container_says_whether_it_is_well(name: str) -> None:
    assert "healthcheck" in SERVICES[name] or "build" in SERVICES[name]


def test_what_is_named_is_there() -> None:
    stages = {rest.rpartition(" AS ")[2] for rest in said("FROM")}
    for service in SERVICES.values():
        assert service.get("build", {}).get("target", "cpu") in stages
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert {mount.split(":")[0] for mount in service.get("volumes", ())} <= set(
            COMPOSE["volumes"]
        )
        assert {config["source"] for config in service.get("configs", ())} <= set(
            COMPOSE["configs"]
        )


async def test_nginx_passes_on_what_a_conversation_needs(tmp_path: Path) -> None:
    """Compose turns `$$` into `$`; a lone one would be taken for a variable of the shell."""
    configs = COMPOSE["configs"]
    (alias,) = SERVICES["voice"]["networks"]["inside"]["aliases"]
    assert ROOT / configs["nginx"]["file"] == SHIPPED / "voice-server.conf"

    def written(name: str, **ours: str) -> str:
        text = str(configs[name]["content"])
        assert "$" not in text.replace("$$", "")
        for theirs, replacement in ours.items():
            assert theirs in text
            text = text.replace(theirs, replacement)
        return text.replace("$$", "$")

    def listen(port: int) -> str:
        places = {"listen 8080": f"listen 127.0.0.1:{port}"}
        logs = {"/dev/stdout": "access.log", "/dev/stderr": "error.log"}
        return written("listen", **places, **logs)

    with ServerProcess(*SCRIPTED, *BEHIND) as server:
        processes = written("processes", **{f"{alias}:8080": f"127.0.0.1:{server.port}"})
        with Nginx(tmp_path, processes, listen=listen) as nginx:
            assert nginx.complaints() == ""
            async with connected(nginx.url) as client:
                await client.send("text", text="Hello.")
                await client.wait_for("response.done")


def lasts(folder: Path) -> bool:
    """Whether Redis has written there what it was told."""
    return (folder / "appendonlydir").is_dir()


async def test_redis_as_it_runs_there_is_one_to_rely_on(tmp_path: Path) -> None:
    """S-23: whoever may do the least may do what the server does."""
    service, configs = SERVICES["redis"], COMPOSE["configs"]
    (mounted,) = service["configs"]
    users = ROOT / configs[mounted["source"]]["file"]
    ours = {mounted["target"]: str(users), "/data": str(tmp_path)}
    _, *options = (ours.get(word, word) for word in service["command"])
    url = SERVICES["voice"]["environment"]["VOICE_SERVER_STORE__URL"]
    with RedisServer(*options, user=url.split("/")[2].split(":")[0]) as redis:
        settings = redis.patient(url=url.replace("redis:6379", f"127.0.0.1:{redis.port}"))
        async with RedisLink(settings, Metrics()) as link:
            assert (await examine(link)).worries == []
        assert url.endswith("@redis:6379")
        assert SERVICES["voice"]["networks"].keys() & service["networks"] == {"store"}
    assert lasts(tmp_path)


def test_without_a_key_it_refuses_to_start() -> None:
    environment = {**os.environ, "VOICE_SERVER_SERVER__HOST": "0.0.0.0"}
    command = [sys.executable, "-m", "voice_server", "serve", "--port", "0", "--offline"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "voice-server token key" in done.stderr
