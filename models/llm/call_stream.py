"""Tool calls, put together from the pieces that servers stream. Pure.

Every server cuts calls in its own way. OpenAI and llama.cpp name a call in its first piece and
number it with `index`; older vLLM repeats the name and makes up a new id in every piece; Ollama
sends each call whole, several of them under index 0; Gemini's endpoint leaves out indices and ids.
So a piece belongs to the call with its index (or to the latest one), unless it has a name and an
id of its own and that call's arguments are whole already: then it begins the next call.
"""

from dataclasses import dataclass, field

import msgspec

from models.llm import ToolCallDelta


@dataclass(frozen=True, slots=True)
class CallPiece:
    """What one chunk says about one tool call. Anything may be missing."""

    index: int | None = None
    id: str = ""
    name: str = ""
    arguments: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What one reply may ask for."""

    calls_max: int = 16
    arguments_bytes_max: int = 65_536
    """UTF-8, all calls of a reply together."""


class CallsTooLong(Exception):
    """More calls, or longer arguments, than one reply may have."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit
        """The setting that says how many."""


class CallWithoutName(Exception):
    """A piece of a call that was never named."""


class CallStream:
    """The tool calls of one reply."""

    def __init__(self, limits: CallLimits, id_prefix: str) -> None:
        """`id_prefix` begins the ids of calls that come without one of their own."""
        self._limits = limits
        self._id_prefix = id_prefix
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._bytes_left = limits.arguments_bytes_max

    @property
    def called(self) -> bool:
        """Whether the reply asked for anything."""
        return bool(self._calls)

    def add(self, piece: CallPiece) -> ToolCallDelta:
        """Take the next piece. Raises `CallsTooLong` and `CallWithoutName`."""
        call = self._call_of(piece)
        self._bytes_left -= len(piece.arguments.encode(errors="surrogatepass"))
        if self._bytes_left < 0:
            most = self._limits.arguments_bytes_max
            raise CallsTooLong("tool_arguments_bytes", f"wrote more than {most} bytes of arguments")
        call.arguments += piece.arguments
        return ToolCallDelta(call.id, call.name, piece.arguments)

    def _call_of(self, piece: CallPiece) -> "_Call":
        call = self._known(piece)
        if call is None or _begins_another(call, piece):
            call = self._begin(piece)
        return call

    def _known(self, piece: CallPiece) -> "_Call | None":
        if piece.index is not None:
            return self._by_index.get(piece.index)
        if piece.id:
            return next((call for call in self._calls if call.given_id == piece.id), None)
        return None if piece.name or not self._calls else self._calls[-1]

    def _begin(self, piece: CallPiece) -> "_Call":
        if not piece.name:
            raise CallWithoutName("a piece of a tool call belongs to no named call")
        if len(self._calls) >= self._limits.calls_max:
            most = self._limits.calls_max
            raise CallsTooLong("tool_calls", f"asked for more than {most} tool calls at once")
        taken = {call.id for call in self._calls}
        own = piece.id if piece.id and piece.id not in taken else ""
        call = _Call(own or f"{self._id_prefix}{len(self._calls)}", piece.name, piece.id)
        self._calls.append(call)
        if piece.index is not None:
            self._by_index[piece.index] = call
        return call


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    given_id: str
    """As the server said it: may be empty, or another call's."""
    arguments: str = field(default="", repr=False)


def _begins_another(call: _Call, piece: CallPiece) -> bool:
    differs = bool(piece.id) and piece.id != call.given_id
    return differs and bool(piece.name) and _is_whole(call.arguments)


def _is_whole(arguments: str) -> bool:
    try:
        msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True
