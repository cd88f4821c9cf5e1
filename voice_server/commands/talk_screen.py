"""What `voice-server talk` shows: finished lines above, the present below.

The present line is redrawn in place; without a terminal only finished lines are printed. Whatever
comes from outside is stripped of control characters: a terminal obeys them.
"""

from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from voice_server.client.events import (
    Error,
    Event,
    Final,
    Notice,
    Partial,
    Ready,
    Reconnected,
    Reconnecting,
    ReplyDone,
    ReplyStarted,
    State,
    TextDelta,
    Truncated,
)

_SYMBOLS = {
    "listening": "○",
    "hearing": "●",
    "endpointing": "◐",
    "thinking": "…",
    "speaking": "▶",
    "paused": "‖",
}


class Screen:
    """Shows a conversation. A `kiosk` shows one status line, and nobody's words.

    Where there is no terminal to redraw it in, the changes of a kiosk's connection are printed.
    """

    def __init__(self, console: Console, *, kiosk: bool = False) -> None:
        self._console = console
        self._kiosk = kiosk
        self._live = Live(console=console, transient=True, auto_refresh=False)
        self._state = "connecting"
        self._hint = ""
        self._stable = self._unstable = self._reply = ""
        self._truncated: Truncated | None = None

    def __enter__(self) -> Self:
        self._live.start()
        self._draw()
        return self

    def __exit__(self, *failure: object) -> None:
        self._live.stop()

    def hint(self, hint: str) -> None:
        """What the keys do now."""
        self._hint = hint
        self._draw()

    def show(self, state: str) -> None:
        """Show a state by its name."""
        self._state = state
        self._draw()

    def take(self, event: Event) -> None:
        """Show what the event changes."""
        if isinstance(event, Ready | Reconnected | Reconnecting | Error | Notice):
            self._connection(event)
        elif isinstance(event, State):
            self._state = event.state
        elif not self._kiosk:
            self._words(event)
        self._draw()

    def _connection(self, event: Ready | Reconnected | Reconnecting | Error | Notice) -> None:
        match event:
            case Ready(notices=notices):
                self._state = "listening"
                if self._kiosk:
                    self._note("connected")
                for notice in notices:
                    self._note(notice)
            case Reconnected(resumed=False):
                self._note("Connected again. What was said before is forgotten.")
            case Reconnected():
                self._note("Connected again.")
            case Reconnecting(delay_s=delay_s, reason=reason):
                self._state = f"reconnecting in {delay_s:.1f} s: {reason}"
                self._stable = self._unstable = self._reply = ""
                if self._kiosk or not self._console.is_terminal:
                    self._note(self._state)
            case Error(message=message):
                self._print(Text(plain(message), "red"))
            case Notice(code="session_ends" | "idle_soon", detail=detail):
                self._note(detail or "The session ends soon.")

    def _words(self, event: Event) -> None:
        match event:
            case Partial(stable=stable, unstable=unstable):
                self._stable, self._unstable = plain(stable), plain(unstable)
            case Final(text=text):
                self._stable = self._unstable = ""
                if text:
                    self._print(Text.assemble(("you  ", "bold cyan"), plain(text)))
            case ReplyStarted():
                self._reply, self._truncated = "", None
            case TextDelta(text=text):
                self._reply += plain(text)
            case Truncated():
                self._truncated = event
            case ReplyDone():
                self._finish_reply(event)

    def _finish_reply(self, done: ReplyDone) -> None:
        cut = self._truncated
        heard = cut.heard if cut else self._reply or done.text
        unheard = cut.unheard if cut else ""
        if heard or unheard:
            spoken = Text.assemble(("voice  ", "bold green"), plain(heard))
            spoken.append(plain(unheard), "dim strike")
            self._print(spoken)
        self._reply, self._truncated = "", None

    def _note(self, text: str) -> None:
        self._print(Text(plain(text), "dim"))

    def _print(self, line: Text) -> None:
        if not (self._kiosk and self._console.is_terminal):
            self._console.print(line, soft_wrap=True)

    def _draw(self) -> None:
        self._live.update(self.line(), refresh=True)

    def line(self) -> Text:
        """The present: what is being said, by whom, and what the keys do."""
        symbol = _SYMBOLS.get(self._state, "·")
        line = Text.assemble((f"{symbol} ", "bold"), (plain(self._state), "dim"))
        if self._stable or self._unstable:
            line.append(f"  {self._stable} ").append(self._unstable, "dim italic")
        elif self._reply:
            line.append(f"  {self._reply}", "green")
        if self._hint:
            line.append(f"  [{self._hint}]", "dim")
        return line


def plain(text: str) -> str:
    """Without control characters."""
    return "".join(char if char.isprintable() else " " for char in text)
