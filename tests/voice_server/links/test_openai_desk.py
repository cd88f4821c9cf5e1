"""The door and the places of the REST endpoints."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from tests.support.http_server import PatientServer
from voice_server.admission import Admission
from voice_server.links.openai_desk import Handler, OpenAIDesk
from voice_server.links.openai_streaming import ClientGone
from voice_server.metrics import Metrics
from voice_server.settings import load
from voice_server.wires.openai_errors import invalid

pytestmark = pytest.mark.socket

KEY = "a-key-of-enough-letters"


class Desk:
    """A desk with one endpoint that waits until it is told to answer."""

    def __init__(self, *assignments: str) -> None:
        self.admission = Admission(load(None, assignments))
        self.metrics = Metrics()
        self.desk = OpenAIDesk(self.admission, self.metrics)
        self.entered = asyncio.Event()
        self.answer = asyncio.Event()

    async def wait(self, request: web.Request) -> web.Response:
        self.entered.set()
        await self.answer.wait()
        return web.Response(text="done")

    def client(self, handler: Handler | None = None) -> TestClient[web.Request, web.Application]:
        app = web.Application()
        app.router.add_get("/", self.desk.serving("waiting", handler or self.wait, 1))
        return TestClient(PatientServer(app))

    def count(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"voice_server_{name}", labels) or 0.0


async def error(client: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    async with client.get("/", headers=headers) as response:
        return response.status, (await response.json())["error"]


async def test_places_run_out_and_come_back() -> None:
    desk = Desk()
    async with desk.client() as client:
        first = asyncio.create_task(client.get("/"))
        await desk.entered.wait()
        assert desk.count("rest_active", endpoint="waiting") == 1
        async with client.get("/") as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "2")
            assert (await response.json())["error"]["code"] == "rate_limit_exceeded"
        desk.answer.set()
        assert (await first).status == 200
        assert (await client.get("/")).status == 200
    assert desk.count("rest_active", endpoint="waiting") == 0
    assert desk.count("limit_hits_total", limit="rest_waiting") == 1
    assert desk.count("rest_requests_total", endpoint="waiting", status="200") == 2
    assert desk.count("rest_requests_total", endpoint="waiting", status="429") == 1


async def test_it_is_idle_when_all_have_been_answered() -> None:
    desk = Desk()
    async with desk.client() as client:
        await desk.desk.idle()
        asked = asyncio.create_task(client.get("/"))
        await desk.entered.wait()
        idle = asyncio.create_task(desk.desk.idle())
        await asyncio.sleep(0)
        assert not idle.done()
        desk.answer.set()
        await idle
        assert (await asked).status == 200


async def test_the_same_keys_as_on_the_socket() -> None:
    desk = Desk(f'auth.keys=["{KEY}"]')
    desk.answer.set()
    async with desk.client() as client:
        status, body = await error(client)
        assert (status, body["code"]) == (401, "invalid_api_key")
        async with client.get("/", headers={"Authorization": f"Bearer {KEY}"}) as response:
            assert response.status == 200
    assert desk.count("refused_total", code="unauthorized") == 1


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_the_same_origins_as_on_the_socket(headers: dict[str, str]) -> None:
    async with Desk().client() as client:
        status, body = await error(client, **headers)
        assert (status, body["type"]) == (403, "invalid_request_error")


async def test_nobody_comes_in_while_it_is_closing() -> None:
    desk = Desk()
    desk.admission.draining = True
    async with desk.client() as client:
        status, body = await error(client)
        assert (status, body["type"]) == (503, "server_error")


async def test_errors_of_handlers_are_answered() -> None:
    async def refuse(request: web.Request) -> web.Response:
        raise invalid("voice", "There is no such voice.")

    async def leave(request: web.Request) -> web.Response:
        raise ClientGone

    desk = Desk()
    async with desk.client(refuse) as client:
        assert (await error(client))[1]["param"] == "voice"
    async with desk.client(leave) as client, client.get("/") as response:
        assert response.status == 499
    assert desk.count("rest_active", endpoint="waiting") == 0
