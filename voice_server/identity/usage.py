"""What a session has used, read off the events that it emits. Pure.

The conversation knows nothing of budgets: everything that costs is said to the client anyway.
"""

from collections import Counter

from voice_server import events as ev
from voice_server.identity.budgets import Kind

CHARS_PER_TOKEN = 4
"""Where the language model's server counts no tokens; a common rule of thumb for English."""

CHARS_BETWEEN_PAYMENTS = 500


class Usage:
    """Counts what one session uses, and its turns."""

    def __init__(self, answers: bool) -> None:
        """`answers`: a turn has had its due only when the reply to it is over."""
        self.used: Counter[Kind] = Counter()
        self.turns = 0
        self.answered = False
        """The last turn was answered, and nothing more comes of it."""
        self._answers = answers
        self._reply: int | None = None
        """The one that answers the last turn."""
        self._written: dict[int, int] = {}
        """Characters of the replies that the language model is making."""
        self._spoken: set[int] = set()
        """Replies that are read out."""

    def note(self, event: ev.ServerEvent) -> bool:
        """Count it. Returns whether it is time to pay: not for every word that is said."""
        match event:
            case ev.FinalTranscript(text=text, duration_ms=duration_ms):
                self.used["audio_ms"] += duration_ms
                if text:
                    self._count_turn()
            case ev.ReplyStarted():
                self._begin(event)
            case ev.ReplyText(reply=reply, text=text):
                if reply in self._written:
                    self._written[reply] += len(text)
                if reply not in self._spoken:
                    return False
                self.used["tts_chars"] += len(text)
                return self.used["tts_chars"] % CHARS_BETWEEN_PAYMENTS < len(text)
            case ev.ToolCalled(reply=reply):
                if reply == self._reply:
                    self._reply = None  # the answer follows in another reply
                return False
            case ev.ReplyDone(reply=reply):
                self._end(event)
            case _:
                return False
        return True

    def _count_turn(self) -> None:
        self.turns += 1
        self.answered = not self._answers
        self._reply = None

    def _begin(self, event: ev.ReplyStarted) -> None:
        if event.cause in ("text", "request"):
            self._count_turn()
        self._reply = event.reply
        if event.speaks:
            self._spoken.add(event.reply)
        if event.cause != "say":
            self._written[event.reply] = 0

    def _end(self, event: ev.ReplyDone) -> None:
        chars = self._written.pop(event.reply, 0)
        self._spoken.discard(event.reply)
        counted = sum(event.usage.get(key, 0) for key in ("prompt_tokens", "completion_tokens"))
        self.used["llm_tokens"] += counted or -(-chars // CHARS_PER_TOKEN)
        if event.reply == self._reply:
            self.answered = True
