"""A client that comes back, in virtual time: real wire, call and operator, paper lines.

What is sent over a paper line is noted at once; a line that is `cut` loses what was on its way,
as a socket does whose peer has gone without a word.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from audio import Samples
from audio.silero import SileroModel
from models.asr import Recognizer
from models.scheduler import Scheduler
from models.scripted import ChatScript, ScriptedChat, ScriptedSynthesizer, VoiceScript
from tests.support.microphone import frame
from tests.support.numbered import NumberReader
from tests.support.voice_client import hello
from voice_server.admission import Admission
from voice_server.bench.virtual_time import run_virtual
from voice_server.calls.call_store import CallStore
from voice_server.conversation.house import House
from voice_server.engines import Engines
from voice_server.events import MessageRefused
from voice_server.identity.identities import Identities
from voice_server.identity.identity import ANYONE, Identity
from voice_server.identity.visit import Visit
from voice_server.links.caller import Caller, Place
from voice_server.links.manners import OURS
from voice_server.links.operator import Operator
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.wires.frames import unpack
from voice_server.wires.voice_v1 import VoiceV1

Json = dict[str, Any]

PATIENCE_S = 60.0
FEATURES = ("partials", "state", "resume")


class PaperLine:
    """A line without a network."""

    def __init__(self) -> None:
        self.said_goodbye = False
        self.events: list[Json] = []
        """What has arrived at the client; audio as type `audio`, with its header."""
        self.closed: int | None = None
        """With which code the server closed it."""
        self.open = True
        self._news = asyncio.Event()
        self._messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._lossy = False
        self._taking = asyncio.Event()
        self._taking.set()

    # The server's end ------------------------------------------------------------------------

    async def messages(self) -> AsyncIterator[str | bytes | MessageRefused]:
        """See `Line.messages`."""
        while (message := await self._messages.get()) is not None:
            yield message

    async def send(self, data: str | bytes) -> None:
        """See `Line.send`."""
        await self._taking.wait()
        if not self.open:
            raise ConnectionResetError
        if not self._lossy:
            self.events.append(_read(data))
            self._news.set()
        await asyncio.sleep(0)

    async def close(self, code: int) -> None:
        """See `Line.close`."""
        await self._taking.wait()
        self.closed = code
        self.abort()

    def abort(self) -> None:
        """See `Line.abort`."""
        self.open = False
        self._taking.set()
        self._messages.put_nowait(None)
        self._news.set()

    # The client's end ------------------------------------------------------------------------

    def say(self, message: str | bytes) -> None:
        """Send one message."""
        if not self._lossy:
            self._messages.put_nowait(message)

    @property
    def lossy(self) -> bool:
        """Whether nothing arrives any more."""
        return self._lossy

    def go_deaf(self) -> None:
        """From now on nothing arrives, on either side, and nobody knows."""
        self._lossy = True

    def stop_reading(self) -> None:
        """From now on whatever the server sends has to wait."""
        self._taking.clear()

    def read_on(self) -> None:
        """Take what waits, and what comes."""
        self._taking.set()

    def cut(self) -> None:
        """The connection breaks."""
        self._lossy = True
        self.abort()

    def hang_up(self) -> None:
        """The client closes it in good order."""
        self.said_goodbye = True
        self.abort()

    async def expect(self, type: str, **fields: object) -> Json:
        """An event of this type with these fields, come or still to come."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for event in self.events:
                    if event["type"] == type and fields.items() <= event.items():
                        return event
                assert self.open, f"closed {self.closed} before {type}: {self.events[-5:]}"
                self._news.clear()
                await self._news.wait()

    async def ended(self) -> int | None:
        """With which code the server closed it, as soon as it has."""
        async with asyncio.timeout(PATIENCE_S):
            while self.open:
                self._news.clear()
                await self._news.wait()
        return self.closed

    def all(self, type: str) -> list[Json]:
        """Every event of a type so far."""
        return [event for event in self.events if event["type"] == type]


class Party:
    """One server without sockets. Made inside a running loop."""

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, object]],
        *,
        recognizer: Recognizer | None = None,
        chat: ChatScript | None = None,
        voice: VoiceScript | None = None,
        calls: CallStore | None = None,
        name: str = "ses",
    ) -> None:
        """`calls` are kept there; `name`: what the names of sessions begin with."""
        self.settings = Settings.model_validate(settings)
        self.metrics = Metrics()
        self._identities = Identities(self.settings)
        self.admission = Admission(self.settings, self._identities)
        self._scheduler = Scheduler(1)
        engines = Engines(
            recognizer or NumberReader(),
            ScriptedChat(chat or ChatScript()),
            ScriptedSynthesizer(voice or VoiceScript()),
            (),
            self._scheduler,
        )
        house = House(self.settings, engines, _silero(), self.metrics)
        self.operator = Operator(house, calls)
        self._name = name
        self._lines: list[asyncio.Task[None]] = []

    async def connect(self, identity: Identity = ANYONE, **opening: object) -> PaperLine:
        """A line over which the client has said hello, and was answered."""
        line = PaperLine()
        visit = Visit(identity, self._identities, f"{self._name}_{len(self._lines)}")
        place = Place(self.admission, visit, "somewhere")
        caller = Caller(VoiceV1({}), visit, place, OURS)
        self._lines.append(asyncio.create_task(self.operator.put_through(line, caller)))
        line.say(json.dumps({**resuming_hello(), **opening}))
        return line

    async def come_back(self, lost: PaperLine, **resume: object) -> PaperLine:
        """Another line for the session of a lost one; as an honest client would ask for it."""
        return await self.connect(resume={**known(lost), **resume})

    async def close(self) -> None:
        """End everything. No task may be left."""
        self.operator.abort()
        await self.operator.idle()
        await asyncio.gather(*self._lines)
        await self._scheduler.close()

    def counted(self, name: str, **labels: str) -> float:
        """A counter of the server's metrics."""
        return self.metrics.registry.get_sample_value(f"voice_server_{name}", labels) or 0.0


def resuming_hello() -> Json:
    """What a client says first that wants to be able to come back."""
    return hello(framing="framed", features=FEATURES)


def known(line: PaperLine) -> Json:
    """What a client knows after a line: which session, and how much of it has arrived."""
    ready = line.all("ready")[-1]
    seen = max((event.get("sn", 0) for event in line.events), default=0)
    replayed = ready["resume"].get("replay_from", 1) - 1
    return {
        "session": ready["session"],
        "token": ready["resume"]["token"],
        "last_sn": max(seen, replayed),
    }


def tell_party(
    plot: Callable[[Party], Awaitable[None]],
    settings: Mapping[str, Mapping[str, object]] | None = None,
    **engines: Any,
) -> None:
    """Play a story from beginning to end. No task may be left."""

    async def play() -> None:
        before = asyncio.all_tasks()
        party = Party(settings or {}, **engines)
        await plot(party)
        await party.close()
        for _ in range(4):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before, "tasks outlive their calls"

    run_virtual(play())


def pcm(samples: Samples, position: int) -> bytes:
    """A frame of microphone audio."""
    return frame(position, samples.tobytes())


def _read(data: str | bytes) -> Json:
    if isinstance(data, str):
        return dict(json.loads(data))
    header = unpack(data)
    return {
        "type": "audio",
        "stream": header.stream,
        "sn": header.seq,
        "pos": header.pos,
        "samples": len(header.payload) // 2,
        "flags": int(header.flags),
    }


@cache
def _silero() -> SileroModel:
    return SileroModel()
