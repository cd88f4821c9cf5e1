"""A model hub on loopback: as much of Hugging Face's HTTP interface as a download needs.

Serves repositories out of memory, through the addresses that `huggingface_hub` asks
for: revision, tree, and resolve with ranges. It can be told to misbehave.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class StandInHub:
    """What the hub holds, how it behaves, and what it was asked."""

    repos: Mapping[str, Mapping[str, bytes]] = field(repr=False)
    """Files by path, by repository."""
    status: int = 200
    """Of every answer about the repository."""
    damaged: frozenset[str] = frozenset()
    """Files whose last byte is not the published one."""
    claimed_bytes: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are told of files, whatever they are."""
    cut_after_bytes: int | None = None
    """Drop the connection once, in the middle of the first long file."""
    cut_for_good: bool = False
    """Drop the connections that follow as soon as they ask for more."""
    hold: bool = False
    """Send the beginning of a file, and then nothing."""
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a file is held back."""
    token: str = ""
    """Who asks about a repository has to show it."""
    hosts: set[str] = field(default_factory=set)
    """Whom the questions were meant for: others, where this is asked as a proxy."""
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)

    async def revision(self, request: web.Request) -> web.Response:
        """`GET /api/models/OWNER/NAME/revision/main`."""
        self.asked["revision"] += 1
        repo, files = self._find(request)
        siblings = [{"rfilename": name} for name in files]
        return web.json_response({"id": repo, "sha": COMMIT, "siblings": siblings})

    async def tree(self, request: web.Request) -> web.Response:
        """`GET /api/models/OWNER/NAME/tree/COMMIT`."""
        self.asked["tree"] += 1
        _, files = self._find(request)
        return web.json_response(
            [
                {"type": "file", "path": name, "size": self._size(name, data), "oid": "0" * 40}
                for name, data in files.items()
            ]
        )

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """`HEAD` and `GET /OWNER/NAME/resolve/REVISION/FILE`, with byte ranges."""
        _, files = self._find(request)
        name = request.match_info["file"]
        data = files.get(name)
        if data is None:
            raise web.HTTPNotFound(headers={"X-Error-Code": "EntryNotFound"})
        headers = {
            "X-Repo-Commit": COMMIT,
            "ETag": f'"{_digest(name, data)}"',
            "Accept-Ranges": "bytes",
        }
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(self._size(name, data))})
        self.asked[name] += 1
        if name in self.damaged:
            data = data[:-1] + bytes([data[-1] ^ 1])
        start = request.http_range.start or 0
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        if start:
            self.asked["range"] += 1
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        response.content_length = len(data) - start
        await response.prepare(request)
        await self._send(request, response, data[start:])
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, data: bytes) -> None:
        if self.hold:
            await response.write(data[:1])
            self.holding.set()
            await asyncio.Event().wait()
        cut = self.cut_after_bytes
        if cut is None or len(data) <= cut:
            await response.write(data)
            return
        self.cut_after_bytes = 0 if self.cut_for_good else None
        await response.write(data[:cut])
        if request.transport is not None:
            request.transport.close()

    def _size(self, name: str, data: bytes) -> int:
        return self.claimed_bytes.get(name, len(data))

    def _find(self, request: web.Request) -> tuple[str, Mapping[str, bytes]]:
        repo = f"{request.match_info['owner']}/{request.match_info['name']}"
        self.hosts.add(request.host)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            raise web.HTTPUnauthorized(headers={"X-Error-Code": "GatedRepo"})
        if self.status == 401 or (self.status == 200 and repo not in self.repos):
            raise web.HTTPUnauthorized(headers={"X-Error-Code": "RepoNotFound"})
        if self.status != 200:
            raise _error(self.status)
        return repo, self.repos[repo]


@asynccontextmanager
async def stand_in_hub(hub: StandInHub) -> AsyncIterator[StandInHub]:
    """Serve it on a loopback port while the context is open."""
    app = web.Application()
    app.router.add_get("/", _front_page)
    repo = "{owner}/{name}"
    app.router.add_get(f"/api/models/{repo}/revision/{{revision}}", hub.revision)
    app.router.add_get(f"/api/models/{repo}/tree/{{revision}}", hub.tree)
    app.router.add_get(f"/{repo}/resolve/{{revision}}/{{file:.+}}", hub.resolve)
    server = TestServer(app)
    await server.start_server()
    hub.url = str(server.make_url("")).rstrip("/")
    try:
        yield hub
    finally:
        await server.close()


@asynccontextmanager
async def black_hole() -> AsyncIterator[str]:
    """An address that accepts connections and never says a word."""
    connections: list[asyncio.StreamWriter] = []

    async def keep(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in connections:
            writer.close()
            await writer.wait_closed()


async def closed_port() -> str:
    """An address where nobody listens any more."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()
    return url


async def _front_page(_request: web.Request) -> web.Response:
    return web.Response(text="a hub")


def _error(status: int) -> web.HTTPException:
    errors: dict[int, type[web.HTTPException]] = {
        404: web.HTTPNotFound,
        403: web.HTTPForbidden,
        503: web.HTTPServiceUnavailable,
    }
    return errors[status]()


def _digest(name: str, data: bytes) -> str:
    """A SHA-256 of what is large as a rule, the git blob id of the rest, as Hugging Face does."""
    if name.endswith((".bin", ".onnx", ".safetensors")):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
