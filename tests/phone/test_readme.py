"""What the README says about telephones, loaded as it stands there, and called."""

import configparser
import re
import tomllib
from pathlib import Path

import aiohttp
import pytest

from tests.phone.conftest import SCRIPTED
from tests.support.phone.binary_lines import asterisk_call
from tests.support.server import ServerProcess
from voice_server.settings import Settings

pytestmark = pytest.mark.socket

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    """The blocks of the section, in order."""
    _, _, section = README.read_text().partition("## Answer the phone")
    section, _, _ = section.partition("\n## ")
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def test_the_settings_file_is_one() -> None:
    (text,) = blocks("toml")
    settings = Settings.model_validate(tomllib.loads(text))
    assert settings.phone.public_url
    assert len(settings.phone.twilio_auth_token) == 32


async def test_asterisks_files_lead_to_a_call() -> None:
    client_conf, dialplan = blocks("ini")
    (command,) = blocks("sh")
    client = configparser.ConfigParser()
    client.read_string(client_conf)
    voice = client["voice"]
    assert (voice["type"], voice["connection_type"]) == ("websocket_client", "per_call_config")
    dialled = re.search(r"Dial\(WebSocket/(\w+)/c\((\w+)\)f\((\w+)\)v\((\w+)=(\w+)\)\)", dialplan)
    assert dialled
    name, codec, control, parameter, value = dialled.groups()
    assert name in client
    options = command.split()[2:]
    with ServerProcess(*SCRIPTED, *options, "--set", "phone.audiosocket_port=0") as server:
        path = voice["uri"].partition(":8080/")[2]
        assert path == "asterisk/media"
        password = aiohttp.encode_basic_auth(voice["username"], voice["password"])
        async with asterisk_call(
            server.url,
            codec,
            as_json=control == "json",
            query=f"?{parameter}={value}",
            headers={"Authorization": password},
        ) as call:
            assert voice["protocols"] == "media"
            await call.press("1")
            await call.press("#")
            await call.until_sounding(200)
            await call.hang_up()
        assert server.ready["audiosocket"]
    assert re.search(r"AudioSocket\(\$\{UUID\(\)\},127\.0\.0\.1:9092\)", dialplan)
