"""Frames to turns, and turns to words: partials on the way, finals by revision, nothing stale."""

import asyncio
from collections import deque
from dataclasses import replace

import pytest

from models.asr import RecognitionOptions
from models.load import Load
from models.scripted import RecognizerScript, ScriptedRecognizer, ScriptedUtterance
from tests.support.told_voice import PCM_16K, ToldVoice, silence, voice
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.barge_in import Verdict
from voice_server.conversation.ear import Ear
from voice_server.conversation.listener import Listener, Standing
from voice_server.conversation.turn_actions import TurnAction
from voice_server.conversation.turns import Turns
from voice_server.settings import TurnSettings

pytestmark = pytest.mark.story

TEXT = "one two three four five six"


class Desk:
    """A listener, and what it posts."""

    def __init__(self, script: RecognizerScript | None = None) -> None:
        self.posted: deque[ev.InnerEvent] = deque()
        self.turns = Turns(TurnSettings())
        self.own_voice = False
        self.recognizer = ScriptedRecognizer(script or RecognizerScript((TEXT,), final_ms=80))
        self.listener = Listener(
            Ear(PCM_16K, ToldVoice(), 500),
            self.turns,
            self.recognizer,
            300,
            turn_model=None,
            hears_itself=lambda frame: self.own_voice,
            post=self.posted.append,
        )

    async def hear(self, data: bytes) -> list[TurnAction]:
        """Take it in at the pace of real time."""
        actions: list[TurnAction] = []
        for start in range(0, len(data), 320):
            for _, due in self.listener.hear(data[start : start + 320]):
                actions += due
            await asyncio.sleep(0.01)
        return actions

    def partials(self) -> list[str]:
        changed = (event for event in self.posted if isinstance(event, ev.TranscriptChanged))
        return [event.transcript.text for event in changed]

    def finals(self) -> list[ev.TranscriptFinished]:
        return [event for event in self.posted if isinstance(event, ev.TranscriptFinished)]


def test_partials_come_at_their_cadence_while_somebody_speaks() -> None:
    async def story() -> None:
        desk = Desk()
        await desk.hear(voice(1500))
        shown = desk.partials()
        assert len(shown) == 4
        assert all(TEXT.startswith(text) for text in shown)
        assert shown == sorted(shown, key=len)
        await desk.hear(silence(200))
        shown = desk.partials()
        await desk.hear(silence(1000))
        assert desk.partials() == shown, "in silence there is nothing new to show"

    run_virtual(story())


def test_a_busy_recogniser_is_asked_less_often() -> None:
    async def story() -> None:
        desk = Desk()
        desk.recognizer.workload = Load(stretch=3.0)
        await desk.hear(voice(2000))
        assert len(desk.partials()) == 2

    run_virtual(story())


def test_the_language_of_a_turn_is_expected_in_the_next() -> None:
    async def story() -> None:
        desk = Desk()
        asked: list[str | None] = []
        begin = desk.recognizer.utterance

        def utterance(options: RecognitionOptions) -> ScriptedUtterance:
            asked.append(options.usual_language)
            return begin(replace(options, language=options.usual_language or "de"))

        desk.recognizer.utterance = utterance  # type: ignore[method-assign]
        for _ in range(2):
            await desk.hear(voice(500) + silence(1600))
            desk.listener.conclude(desk.finals()[-1])
        assert asked == [None, "de"]

    run_virtual(story())


def test_over_a_reply_the_first_words_come_sooner() -> None:
    async def story() -> None:
        desk = Desk()
        desk.turns.take_floor(interruptible=True)
        await desk.hear(voice(320))
        assert len(desk.partials()) == 1

    run_virtual(story())


def test_a_final_is_foreseen_at_the_soft_silence_and_posted_again_at_the_end() -> None:
    async def story() -> None:
        desk = Desk()
        await desk.hear(voice(500) + silence(300))
        (foreseen,) = desk.finals()
        assert desk.listener.conclude(foreseen) is Standing.FORESEEN
        await desk.hear(silence(400))
        assert desk.finals() == [foreseen, foreseen]
        assert desk.listener.deciding
        assert desk.listener.conclude(foreseen) is Standing.FINAL
        assert desk.listener.conclude(foreseen) is Standing.VOID
        assert not desk.listener.deciding

    run_virtual(story())


def test_a_final_that_comes_after_the_end_is_final_at_once() -> None:
    async def story() -> None:
        desk = Desk(RecognizerScript((TEXT,), final_ms=1000))
        await desk.hear(voice(500) + silence(600))
        assert desk.listener.deciding
        await desk.hear(silence(1000))
        (final,) = desk.finals()
        assert desk.listener.conclude(final) is Standing.FINAL

    run_virtual(story())


def test_what_was_foreseen_is_void_when_the_user_goes_on() -> None:
    async def story() -> None:
        desk = Desk()
        await desk.hear(voice(500) + silence(300) + voice(300))
        (first,) = desk.finals()
        assert desk.listener.conclude(first) is Standing.VOID
        await desk.hear(silence(300))
        second = desk.finals()[-1]
        assert (second.turn, second.revision) == (first.turn, 1)
        assert desk.listener.conclude(first) is Standing.VOID
        assert desk.listener.conclude(second) is Standing.FORESEEN

    run_virtual(story())


def test_an_utterance_begins_with_the_moments_before_it() -> None:
    async def story() -> None:
        desk = Desk()
        await desk.hear(silence(2000) + voice(500) + silence(300))
        (final,) = desk.finals()
        assert final.transcript is not None
        assert final.transcript.duration_ms == (500 - 60) + 500 + 50 + 80, (
            "pre-roll, voice, soft silence, and what came while it was decoded"
        )

    run_virtual(story())


def test_our_own_voice_is_no_voice() -> None:
    async def story() -> None:
        desk = Desk()
        desk.own_voice = True
        assert await desk.hear(voice(1000)) == []

    run_virtual(story())


def test_words_over_a_reply_that_mean_nothing_close_the_utterance() -> None:
    async def story() -> None:
        desk = Desk()
        desk.turns.take_floor(interruptible=True)
        await desk.hear(voice(200) + silence(300))
        (final,) = desk.finals()
        actions = desk.listener.hear_words(1, Verdict.BACKCHANNEL, final=True)
        assert [type(action).__name__ for action in actions] == ["UtteranceDropped", "ReplyResumed"]
        assert desk.listener.conclude(final) is Standing.VOID
        assert not desk.listener.is_current(1)

    run_virtual(story())


def test_a_recogniser_that_fails_says_why() -> None:
    async def story() -> None:
        desk = Desk(RecognizerScript((TEXT,), fail="final"))
        await desk.hear(voice(500) + silence(700))
        final = desk.finals()[-1]
        assert (final.transcript, bool(final.error)) == (None, True)
        assert desk.listener.conclude(final) is Standing.FINAL

    run_virtual(story())


def test_pauses_within_turns_are_learned() -> None:
    async def story() -> None:
        desk = Desk()
        await desk.hear(voice(500) + silence(400) + voice(500) + silence(300))
        final = desk.finals()[-1]
        assert desk.listener.pause(final).habit_ms == 400

    run_virtual(story())


@pytest.mark.parametrize("heard", [voice(500), voice(500) + silence(200), b""])
def test_closed_in_any_state_it_posts_nothing_more(heard: bytes) -> None:
    async def story() -> None:
        desk = Desk()
        await desk.hear(heard)
        desk.listener.close()
        desk.posted.clear()
        await asyncio.sleep(10)
        assert not desk.posted
        assert len(asyncio.all_tasks()) == 1

    run_virtual(story())
