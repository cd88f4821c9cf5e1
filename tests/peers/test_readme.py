"""The programs of the README's section "Use it with …", run as they stand there."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support import node
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.socket, node.may_install]

ROOT = Path(__file__).parents[2]
ADDRESS = "localhost:8080"
BLOCK = re.compile(
    r"<summary>(?:A )?<b>(?P<name>.+?)</b>(?P<more>.*?)</summary>\n\n"
    r"```(?P<language>\w+)\n(?P<program>.*?)```",
    re.DOTALL,
)


def programs() -> dict[str, str]:
    """The programs by the client they are for, and its language."""
    _, _, section = (ROOT / "README.md").read_text().partition("## Use it with …")
    section, _, _ = section.partition("\n## ")
    return {f"{m['name']} {m['language']}": m["program"] for m in BLOCK.finditer(section)}


def addressed(program: str, port: int) -> str:
    assert ADDRESS in program
    return program.replace(ADDRESS, f"127.0.0.1:{port}")


def test_there_is_a_program_for_each_client() -> None:
    assert sorted(programs()) == [
        "@openai/agents javascript",
        "browser javascript",
        "openai javascript",
        "openai python",
        "openai-agents python",
    ]


@pytest.mark.parametrize("name", ["openai python", "openai-agents python"])
async def test_python(name: str, server: ServerProcess) -> None:
    program = addressed(programs()[name], server.port)
    command = [sys.executable, "-c", program]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
    )
    assert "four" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["openai javascript", "@openai/agents javascript"])
def test_node(
    name: str,
    server: ServerProcess,
    secure_server: ServerProcess,
    trusted: dict[str, str],
    node_packages: Path,
    tmp_path: Path,
) -> None:
    program = programs()[name]
    port = secure_server.port if "https://" in program else server.port
    file = tmp_path / "program.mjs"
    file.write_text(addressed(program, port))
    assert "four" in node.run(file, node_packages, **trusted)


def test_a_browser(server: ServerProcess, page: Page) -> None:
    page.goto(server.url)
    with page.expect_console_message(lambda message: "four" in message.text, timeout=20_000):
        page.evaluate(f"() => {{ {addressed(programs()['browser javascript'], server.port)} }}")
