"""What the offline responder says: a table of things to listen for, first match wins.

Pure: the conversation and the moment go in, the reply comes out. English only. It exists so that
every feature of the server can be tried by voice without a language model: short and long replies,
none at all, text that has to be made speakable, and the history of what was really heard. The
patterns see lower case without punctuation, and forgive what rough recognisers do.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources

from models.llm import Message, arithmetic
from models.llm.number_words import read_number, to_words
from models.llm.spoken_clock import spoken_date, spoken_time

INTRODUCTION = (
    "I am the built-in responder, not a language model. "
    "I can count, do sums, tell the time, repeat what you say, and tell a long story."
)
HELP = (
    "Try one of these. Count to twenty. What is seven times eight? Repeat after me, and then some "
    "words. Spell banana. What time is it? Tell me a joke. Give me a list. Tell me a long story, "
    "and interrupt me. Then ask what you have heard."
)
LIST = "Here are four things. First, bread. Second, a dozen eggs. Third, apples. And last, coffee."
JOKES = (
    "Why did the microphone go to school? To work on its pick-up lines.",
    "I told my loudspeaker a secret. Now everybody knows.",
    "What does a clock do when it is hungry? It goes back four seconds.",
)
MARKDOWN = """## Test

This is **bold**, this is *italic*, and this is `code`. 😀

- The first item costs $3.50.
- The second is 42% of 1,250.

See https://example.com/path?q=1 for more, or [this page](https://example.com).

It is 7:05 on 21/11, Dr. Smith said. 🎉
"""
_SUGGESTIONS = (
    'Try "tell me a long story", or "count to ten".',
    'Try "what is seven times eight", or "what time is it".',
    'Try "repeat after me", or "tell me a joke".',
)
_COUNT_MAX = 100
_HEARD_CHARS_MAX = 1000
_ECHO_CHARS_MAX = 400
_RECALL_WORDS_MAX = 12


_ECHO = re.compile(r"\b(?:repeat after me|say|repeat)\b\W*(.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said by the user, and what came before it."""

    text: str = field(repr=False)
    before: Sequence[Message] = field(repr=False)
    now: datetime

    def said_by(self, role: str) -> list[str]:
        """Everything said before in that role, oldest first."""
        return [message.content for message in self.before if message.role == role]


_Responder = Callable[[Turn, re.Match[str]], str]


def answer(messages: Sequence[Message], now: datetime) -> str:
    """The reply to the last user message. Empty where silence was asked for."""
    spoken = [index for index, message in enumerate(messages) if message.role == "user"]
    if not spoken:
        return INTRODUCTION
    last = spoken[-1]
    turn = Turn(messages[last].content.strip()[:_HEARD_CHARS_MAX], messages[:last], now)
    plain = _plain(turn.text)
    for pattern, respond in _TABLE:
        match = pattern.search(plain)
        if match is not None:
            return respond(turn, match)
    return arithmetic.answer(turn.text) or _default(turn)


@cache
def story() -> str:
    """The long story, about two minutes of speech."""
    return (resources.files("models") / "assets" / "story.txt").read_text(encoding="utf-8").strip()


def _plain(text: str) -> str:
    """Lower case, words only, one space between them, no opening fillers."""
    words = " ".join(re.findall(r"[a-z0-9]+", re.sub(r"['’]", "", text.lower())))
    return re.sub(
        r"^(?:(?:hey|so|well|now|no|okay|ok|and|um|uh|please|can you|could you) )+", "", words
    )


def _default(turn: Turn) -> str:
    suggestion = _SUGGESTIONS[len(turn.said_by("user")) % len(_SUGGESTIONS)]
    if not re.search(r"\w", turn.text):
        return f"I did not hear any words. {suggestion}"
    heard = _shortened(turn.text).rstrip(".?!, ")
    return f"You said: {heard}. That is more than I can answer. {suggestion}"


def _greet(turn: Turn, match: re.Match[str]) -> str:
    return (
        "Hello again. What shall we try?" if turn.said_by("assistant") else _introduce(turn, match)
    )


def _introduce(turn: Turn, match: re.Match[str]) -> str:
    return INTRODUCTION if turn.said_by("assistant") else f"Hello. {INTRODUCTION}"


def _echo(turn: Turn, match: re.Match[str]) -> str:
    """What follows the command, as the recogniser wrote it."""
    command = _ECHO.search(turn.text)
    echo = command[1] if command else turn.text
    return _shortened(echo[:1].upper() + echo[1:])


def _spell(turn: Turn, match: re.Match[str]) -> str:
    return ", ".join(match["word"].upper()) + "."


def _count(turn: Turn, match: re.Match[str]) -> str:
    first, last = _number(match["first"]), _number(match["last"])
    if last is None:
        first, last = (first or 10, 1) if match["down"] else (first or 1, 10)
    elif first is None:
        first, last = (10, last) if match["down"] else (1, last)
    if max(first, last) > _COUNT_MAX:
        return f"I count to {to_words(_COUNT_MAX)} at most."
    step = 1 if first <= last else -1
    numbers = ", ".join(to_words(number) for number in range(first, last + step, step))
    return numbers.capitalize() + "."


def _number(text: str | None) -> int | None:
    found = read_number(text.split()) if text else None
    return int(found[0]) if found else None


def _recall_user(turn: Turn, match: re.Match[str]) -> str:
    said = turn.said_by("user")
    if not said:
        return "That was the first thing you said to me."
    return f"Before that, you said: {_shortened(said[-1]).rstrip('.?!, ')}."


def _recall_assistant(turn: Turn, match: re.Match[str]) -> str:
    """Proves that the history holds what was heard, not what was made."""
    heard = " ".join(turn.said_by("assistant")[-1:]).split()
    if not heard:
        return "You have not heard anything from me yet."
    return f"The last words you heard from me were: {' '.join(heard[-_RECALL_WORDS_MAX:])}"


def _say_again(turn: Turn, match: re.Match[str]) -> str:
    said = turn.said_by("assistant")
    return said[-1] if said else "I have not said anything yet."


def _go_on(turn: Turn, match: re.Match[str]) -> str:
    """Take the story up after the last word that was heard."""
    words = story().split()
    for heard in reversed(turn.said_by("assistant")):
        count = len(heard.removesuffix("—").split())  # the dash shows where it was cut off
        if 5 <= count < len(words) and _plain(" ".join(words[:count])) == _plain(heard):
            return " ".join(words[count:])
    return 'There is nothing to go on with. Say "tell me a long story" first.'


def _joke(turn: Turn, match: re.Match[str]) -> str:
    return JOKES[len(turn.said_by("user")) % len(JOKES)]


def _shortened(text: str) -> str:
    return text if len(text) <= _ECHO_CHARS_MAX else f"{text[:_ECHO_CHARS_MAX].rsplit(' ', 1)[0]} …"


def _always(text: str) -> _Responder:
    return lambda turn, match: text


def _on(respond: _Responder, *patterns: str) -> tuple[re.Pattern[str], _Responder]:
    """One row of the table: any of the patterns brings this reply."""
    return re.compile("|".join(patterns)), respond


_TABLE = (
    _on(_always(""), r"\bsay nothing\b", r"\bstay silent\b"),
    _on(
        _always("Okay."),
        r"^(?:stop|cancel|wait|enough|thats enough|shut up)\b",
        r"^(?:never ?mind|(?:be )?quiet)\b",
    ),
    _on(
        _recall_user,
        r"\b(?:what|which words?) (?:did|have|do) i (?:just )?(?:say|said|ask)",
        r"\blast (?:thing|words?) i\b",
    ),
    _on(
        _recall_assistant,
        r"\bwhat (?:did|have|was|were) (?:you|i) (?:just |really )?(?:say|said|hear|tell)",
        r"\blast (?:thing|words?) you\b",
        r"\bwhere (?:were|are) (?:you|we)$",
        r"\bwhere did you (?:stop|get)",
    ),
    _on(
        _say_again,
        r"\b(?:say|repeat) (?:that|it)(?: again|$| please)",
        r"^pardon\b",
        r"\bonce more\b",
    ),
    _on(_echo, r"\brepeat after me .", r"^(?:say|repeat) ."),
    _on(_go_on, r"^(?:go on|continue|keep going|carry on)\b"),
    _on(
        _count,
        r"\bcount(?P<down> down| backwards?)?(?: from (?P<first>.+?))?"
        r"(?: (?:up )?(?:to|until|till|two) (?P<last>.+))?$",
    ),
    _on(_spell, r"\bspell(?: the word)? (?P<word>[a-z0-9]{1,30})\b"),
    _on(lambda turn, match: story(), r"\bstor(?:y|ies)\b", r"\bkeep talking\b"),
    _on(_joke, r"\bjokes?\b", r"\bmake me laugh\b"),
    _on(_always(MARKDOWN), r"\bmark ?down\b"),
    _on(_always(LIST), r"\b(?:give|make|tell|read|show)\b.*\blists?\b", r"^list\b"),
    _on(
        lambda turn, match: f"Today is {spoken_date(turn.now)}.",
        r"\b(?:what|which|whats)(?: is)?(?: the)? (?:date|day)\b",
        r"\btodays date\b",
    ),
    _on(
        lambda turn, match: f"It is {spoken_time(turn.now)}.",
        r"\b(?:what|whats|tell me|know)(?: is)?(?: the)? time\b",
    ),
    _on(
        _introduce,
        r"\b(?:who|what) (?:are|r) you\b(?! (?:do|go|talk))",
        r"\byour name\b",
        r"\bare you (?:a|an|real|human)\b",
    ),
    _on(_always(HELP), r"^help\b", r"\bwhat can (?:you|i)\b", r"\bhow does (?:this|that) work\b"),
    _on(_greet, r"^(?:hello|hi|hallo|greetings|good (?:morning|afternoon|evening))\b"),
    _on(_always("You are welcome."), r"\bthank(?:s| you)\b"),
    _on(_always("Goodbye."), r"\b(?:good ?bye|bye|see you)\b"),
)
