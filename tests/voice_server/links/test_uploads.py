"""Bodies are taken in whole and in time, up to their limits."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient

from tests.support.http_server import PatientServer
from voice_server.links.openai_desk import Handler
from voice_server.links.openai_streaming import ClientGone
from voice_server.links.uploads import FIELD_BYTES_MAX, FIELDS_MAX, receive_form, receive_json
from voice_server.settings.rest import RestSettings
from voice_server.wires.openai_errors import ApiError

pytestmark = pytest.mark.socket

LIMITS = RestSettings(upload_bytes_max=200_000, body_bytes_max=2000, upload_timeout_s=20)
CONTENT = bytes(range(256)) * 700

Client = TestClient[web.Request, web.Application]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

BEGUN = web.AppKey("begun", asyncio.Event)
"""Set when a request is being read."""
GONE = web.AppKey("gone", asyncio.Event)
"""Set when a client left before its request was whole."""


@asynccontextmanager
async def receiving(limits: RestSettings = LIMITS) -> AsyncIterator[tuple[Client, io.BytesIO]]:
    """A server that says what it received, and the file that it writes to."""
    file = io.BytesIO()

    async def form(request: web.Request) -> web.Response:
        return web.json_response({"fields": await receive_form(request, file, limits)})

    async def body(request: web.Request) -> web.Response:
        return web.json_response({"size": len(await receive_json(request, limits))})

    app = web.Application(middlewares=[_explained])
    app[BEGUN], app[GONE] = asyncio.Event(), asyncio.Event()
    app.router.add_post("/form", form)
    app.router.add_post("/json", body)
    async with TestClient(PatientServer(app)) as client:
        yield client, file


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    request.app[BEGUN].set()
    try:
        return await handler(request)
    except ApiError as error:
        return web.json_response(error.body, status=error.status)
    except ClientGone:
        request.app[GONE].set()
        return web.Response(status=499)


def form(content: bytes = CONTENT, /, **fields: str) -> FormData:
    data = FormData()
    data.add_field("file", io.BytesIO(content), filename="speech.wav")
    for name, value in fields.items():
        data.add_field(name, value)
    return data


async def refusal(client: Client, path: str, **request: object) -> tuple[int, str]:
    async with client.post(path, **request) as response:  # type: ignore[arg-type]
        return response.status, (await response.json())["error"]["message"]


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """A body of which nobody says how long it is."""
    for _ in range(size // 1000):
        yield b"x" * 1000


async def test_the_file_is_written_and_the_fields_are_returned() -> None:
    async with receiving() as (client, file):
        async with client.post("/form", data=form(model="whisper-1", prompt="Wien")) as response:
            assert await response.json() == {"fields": [["model", "whisper-1"], ["prompt", "Wien"]]}
        assert file.getvalue() == CONTENT


async def test_the_last_of_two_files_counts() -> None:
    data = form(b"first, and longer")
    data.add_field("file", b"second", filename="b.wav")
    async with receiving() as (client, file):
        assert (await client.post("/form", data=data)).status == 200
        assert file.getvalue() == b"second"


async def test_a_file_that_is_too_large() -> None:
    async with receiving() as (client, _):
        status, message = await refusal(client, "/form", data=form(b"x" * 200_001))
        assert (status, message) == (413, "That is larger than 200,000 bytes, the limit here.")


async def test_a_form_that_says_that_it_is_too_large() -> None:
    async with receiving() as (client, file):
        status, _ = await refusal(client, "/form", data=form(b"x" * 2_000_000))
        assert status == 413
        assert file.getvalue() == b""


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        ({"fields": FIELDS_MAX + 1, "bytes": 1}, 413, "larger"),
        ({"fields": 17, "bytes": FIELD_BYTES_MAX}, 413, "larger"),
        ({"fields": 1, "bytes": FIELD_BYTES_MAX + 1}, 413, "larger"),
    ],
)
async def test_fields_have_limits(data: dict[str, int], status: int, says: str) -> None:
    fields = {f"field{n}": "x" * data["bytes"] for n in range(data["fields"])}
    async with receiving() as (client, _):
        found, message = await refusal(client, "/form", data=form(b"a file", **fields))
        assert found == status
        assert says in message


@pytest.mark.parametrize(
    ("content_type", "body", "says"),
    [
        ("application/json", b"{}", "Send multipart/form-data"),
        ("multipart/form-data", b"x", "The form is damaged."),
        ("multipart/form-data; boundary=b", b"no boundary", "The form is damaged."),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx", "The form is damaged."),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nx\r\n--b--\r\n',
            "The field file is required.",
        ),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--\r\n",
            "The form is damaged.",
        ),
    ],
)
async def test_a_form_that_is_none(content_type: str, body: bytes, says: str) -> None:
    async with receiving() as (client, _):
        headers = {"Content-Type": content_type}
        status, message = await refusal(client, "/form", data=body, headers=headers)
        assert status == 400
        assert says in message


async def test_json_has_a_limit_whatever_it_says_of_its_length() -> None:
    async with receiving() as (client, _):
        async with client.post("/json", data=in_pieces(2000)) as response:
            assert await response.json() == {"size": 2000}
        for body in (b"x" * 2001, in_pieces(3000)):
            assert (await refusal(client, "/json", data=body))[0] == 413


@asynccontextmanager
async def connected(client: Client, *head: str) -> AsyncIterator[Connection]:
    """A connection on which a request has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    lines = [*head, "Host: localhost", "", ""]
    writer.write("\r\n".join(lines).encode())
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_a_body_has_to_arrive_in_time() -> None:
    hasty = LIMITS.model_copy(update={"upload_timeout_s": 0.05})
    async with (
        receiving(hasty) as (client, _),
        connected(client, "POST /json HTTP/1.1", "Content-Length: 10") as (reader, _writer),
    ):
        assert b" 408 " in await reader.readline()


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Transfer-Encoding: chunked", b"zz\r\n"),
        ("Content-Encoding: gzip\r\nContent-Length: 4", b"zzzz"),
    ],
)
async def test_a_body_that_is_not_what_its_headers_say(header: str, body: bytes) -> None:
    async with (
        receiving() as (client, _),
        connected(client, "POST /json HTTP/1.1", header) as (reader, writer),
    ):
        writer.write(body)
        assert b" 400 " in await reader.readline()


FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nthe beginning'


@pytest.mark.parametrize("path", ["form", "json"])
async def test_a_client_that_leaves_in_the_middle(path: str) -> None:
    async with receiving() as (client, _):
        head = (f"POST /{path} HTTP/1.1", "Content-Length: 1000")
        kind = "Content-Type: multipart/form-data; boundary=b"
        async with connected(client, *head, kind) as (_reader, writer):
            writer.write(FORM)
            await client.app[BEGUN].wait()
        await client.app[GONE].wait()
