"""A speech server's address, its refusals, and what is said about them."""

import pytest
from aiohttp import web

from models.errors import ModelError
from models.speech_endpoint import EndpointError, SpeechEndpoint
from tests.support.http_server import PatientServer

pytestmark = pytest.mark.socket


async def test_an_address_needs_scheme_and_host() -> None:
    with pytest.raises(ModelError, match="is no speech server"):
        SpeechEndpoint("gpu:8000")


async def test_refusals_name_the_server_and_the_remedy_but_no_password() -> None:
    app = web.Application()
    async with PatientServer(app) as server:
        url = server.make_url("/v1").with_user("me").with_password("secret")
        endpoint = SpeechEndpoint(str(url))
        with pytest.raises(EndpointError, match="answers 404: check the address") as caught:
            await endpoint.json("models")
        assert "secret" not in str(caught.value)
        await endpoint.close()


async def test_json_has_to_be_an_object() -> None:
    async def listed(_request: web.Request) -> web.Response:
        return web.Response(text="[1]")

    app = web.Application()
    app.router.add_get("/v1/models", listed)
    async with PatientServer(app) as server:
        endpoint = SpeechEndpoint(str(server.make_url("")))
        with pytest.raises(EndpointError, match="something else than JSON"):
            await endpoint.json("models")
        await endpoint.close()
