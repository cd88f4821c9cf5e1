"""What is shown of a conversation, and what is not."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from voice_server.client.events import (
    Error,
    Event,
    Final,
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
from voice_server.client.parts import AudioSpec, GrantedAudio
from voice_server.commands.talk_screen import Screen, plain

pytestmark = pytest.mark.pure

SPEC = AudioSpec("pcm_s16le", 16_000)
READY = Ready(
    session="ses_1",
    mode="conversation",
    audio=GrantedAudio("framed", SPEC, SPEC),
    notices=["The recogniser is a rough one."],
)
STARTED = ReplyStarted(response="resp_1", stream=1)
DONE = ReplyDone(response="resp_1", status="completed", text="It is noon.")


def shown(*events: Event, kiosk: bool = False, terminal: bool = False) -> str:
    """Everything printed for these events."""
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=terminal, color_system=None)
    with Screen(console, kiosk=kiosk) as screen:
        for event in events:
            screen.take(event)
    return file.getvalue()


def line(*events: Event) -> str:
    """The present after these events."""
    screen = Screen(Console(file=io.StringIO()))
    for event in events:
        screen.take(event)
    return screen.line().plain


def test_finished_lines_are_printed() -> None:
    said = Final(item="turn_1", text="What time is it?")
    text = TextDelta(response="resp_1", text="It is noon.")
    assert shown(READY, said, STARTED, text, DONE).splitlines() == [
        "The recogniser is a rough one.",
        "you  What time is it?",
        "voice  It is noon.",
    ]


def test_words_are_shown_while_they_are_spoken() -> None:
    partial = Partial(item="turn_1", rev=1, stable="What time", unstable="is")
    assert line(READY, State(state="hearing"), partial) == "● hearing  What time is"
    assert line(partial, Final(item="turn_1", text="")) == "· connecting"


def test_a_reply_is_shown_while_it_is_made() -> None:
    text = TextDelta(response="resp_1", text="It is")
    assert line(State(state="speaking"), STARTED, text) == "▶ speaking  It is"


def test_the_unheard_part_is_there_and_struck_through() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="standard")
    cut = Truncated(response="resp_1", heard="It is", unheard=" noon.", pos=1, ms=1)
    with Screen(console) as screen:
        for event in (STARTED, cut, DONE):
            screen.take(event)
    assert "\x1b[2;9m noon." in file.getvalue()


def test_a_lost_connection_is_a_line_and_so_is_its_return() -> None:
    lost = Reconnecting(1.5, 1, "The server went away.")
    assert line(lost) == "· reconnecting in 1.5 s: The server went away."
    told = shown(lost, READY, Reconnected(False, 1))
    assert "What was said before is forgotten." in told
    assert "forgotten" not in shown(READY, Reconnected(True, 1))


def test_a_kiosk_shows_nobodys_words() -> None:
    said = Final(item="turn_1", text="My secret")
    lost = Reconnecting(1.5, 1, "The server went away.")
    told = shown(READY, said, Error(code="internal", message="No."), lost, kiosk=True)
    assert "secret" not in told
    assert told.splitlines()[0] == "connected"
    assert "reconnecting in 1.5 s" in told


def test_a_kiosk_in_a_terminal_has_its_status_line_alone() -> None:
    lost = Reconnecting(1.5, 1, "The server went away.")
    told = shown(READY, State(state="thinking"), lost, kiosk=True, terminal=True)
    assert "thinking" in told
    assert "connected" not in told
    assert told.count("reconnecting in") == 2  # drawn, and once more when it is wiped


@given(st.text())
def test_nothing_from_outside_steers_the_terminal(text: str) -> None:
    assert all(char.isprintable() for char in plain(text))
    assert len(plain(text)) == len(text)


def test_escape_sequences_and_markup_are_only_text() -> None:
    said = Final(item="turn_1", text="\x1b]0;owned\x07 [bold]hi[/bold]")
    assert shown(said) == "you   ]0;owned  [bold]hi[/bold]\n"
