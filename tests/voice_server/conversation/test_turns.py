"""Whose turn it is, told by frames and signals: tables of cases, and what holds for any order."""

import copy
from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from audio import FRAME_MS
from voice_server.conversation.barge_in import Verdict
from voice_server.conversation.turn_actions import (
    EndExpected,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplyWorthBeginning,
    SpeechResumed,
    TurnAction,
    TurnEnded,
    UtteranceBegan,
    UtteranceDropped,
)
from voice_server.conversation.turns import (
    FLOOR_TRANSITIONS,
    USER_TRANSITIONS,
    Floor,
    TurnError,
    Turns,
    User,
)
from voice_server.settings import TurnSettings

pytestmark = pytest.mark.pure


def machine(**settings: object) -> Turns:
    return Turns(TurnSettings.model_validate(settings))


def hear(turns: Turns, *, voice_ms: int = 0, silence_ms: int = 0) -> list[TurnAction]:
    """So much voice, then so much silence; every action on the way."""
    frames = [True] * (voice_ms // FRAME_MS) + [False] * (silence_ms // FRAME_MS)
    return [action for voice in frames for action in turns.frame(voice)]


def kinds(actions: Sequence[TurnAction]) -> list[str]:
    return [type(action).__name__ for action in actions]


# A turn --------------------------------------------------------------------------------------


def test_a_turn_from_the_first_word_to_the_last() -> None:
    turns = machine()
    hear(turns, silence_ms=1000)
    assert hear(turns, voice_ms=1000, silence_ms=500) == [
        UtteranceBegan(turn=1, at_ms=1000),
        EndExpected(turn=1, revision=0),
        TurnEnded(turn=1, revision=0, at_ms=2000, cause="silence"),
    ]
    assert turns.now_ms == 2500


@pytest.mark.parametrize(
    ("voice_ms", "began"), [(50, False), (60, True)], ids=["a click", "an onset"]
)
def test_an_utterance_needs_an_onset(voice_ms: int, began: bool) -> None:
    assert bool(hear(machine(), voice_ms=voice_ms)) is began


def test_an_onset_with_a_hole_in_it_takes_a_little_longer() -> None:
    turns = machine()
    assert hear(turns, voice_ms=50, silence_ms=20) == []
    assert hear(turns, voice_ms=20) == []
    assert kinds(hear(turns, voice_ms=10)) == ["UtteranceBegan"]


def test_an_onset_that_comes_to_nothing_is_forgotten() -> None:
    turns = machine()
    hear(turns, voice_ms=50)
    assert turns.user is User.ONSET
    assert hear(turns, silence_ms=50) == []
    assert hear(turns, voice_ms=50) == []


def test_the_end_is_expected_at_the_soft_silence() -> None:
    turns = machine(soft_silence_ms=200)
    hear(turns, voice_ms=500)
    assert hear(turns, silence_ms=190) == []
    assert hear(turns, silence_ms=10) == [EndExpected(1, 0)]


def test_voice_in_the_pause_reopens_the_turn_as_its_next_revision() -> None:
    turns = machine()
    hear(turns, voice_ms=500, silence_ms=300)
    assert hear(turns, voice_ms=30) == [SpeechResumed(turn=1, revision=1, pause_ms=300)]
    assert hear(turns, silence_ms=150) == [EndExpected(1, 1)]


def test_a_stray_frame_does_not_reopen_it() -> None:
    turns = machine()
    hear(turns, voice_ms=500, silence_ms=300)
    assert hear(turns, voice_ms=20) == []
    assert kinds(hear(turns, silence_ms=180)) == ["TurnEnded"]


@pytest.mark.parametrize("silence_ms", [200, 700, 1500])
def test_the_words_say_how_much_silence_ends_a_turn(silence_ms: int) -> None:
    turns = machine(speculation_lead_ms=0)
    hear(turns, voice_ms=500, silence_ms=150)
    turns.require_silence(1, 0, silence_ms)
    assert hear(turns, silence_ms=silence_ms - 160) == []
    assert kinds(hear(turns, silence_ms=10)) == ["TurnEnded"]


def test_a_reply_is_begun_no_earlier_than_it_takes() -> None:
    turns = machine(speculation_lead_ms=400)
    hear(turns, voice_ms=500, silence_ms=150)
    assert turns.require_silence(1, 0, 1000) == []
    assert hear(turns, silence_ms=440) == []
    assert hear(turns, silence_ms=10) == [ReplyWorthBeginning(1, 0)]
    assert kinds(hear(turns, silence_ms=400)) == ["TurnEnded"]


def test_a_reply_is_begun_at_once_when_the_end_is_near() -> None:
    turns = machine(speculation_lead_ms=400)
    hear(turns, voice_ms=500, silence_ms=150)
    assert turns.require_silence(1, 0, 200) == [ReplyWorthBeginning(1, 0)]
    assert kinds(hear(turns, silence_ms=60)) == ["TurnEnded"]


def test_words_that_come_when_the_user_goes_on_begin_nothing() -> None:
    turns = machine(speculation_lead_ms=400)
    hear(turns, voice_ms=500, silence_ms=150)
    hear(turns, voice_ms=100)
    assert turns.require_silence(1, 0, 200) == []
    assert turns.require_silence(1, 1, 200) == []


@pytest.mark.parametrize(("turn", "revision"), [(1, 0), (0, 1), (2, 1)])
def test_words_of_another_revision_say_nothing(turn: int, revision: int) -> None:
    turns = machine()
    hear(turns, voice_ms=500, silence_ms=300)
    hear(turns, voice_ms=500, silence_ms=150)
    turns.require_silence(turn, revision, 1500)
    assert kinds(hear(turns, silence_ms=350)) == ["TurnEnded"]


def test_words_that_come_late_end_the_turn_at_the_next_frame() -> None:
    turns = machine(silence_ms=1000)
    hear(turns, voice_ms=500, silence_ms=600)
    turns.require_silence(1, 0, 200)
    assert kinds(hear(turns, silence_ms=10)) == ["TurnEnded"]


def test_a_turn_ends_after_its_soft_silence_even_if_less_is_asked_for() -> None:
    turns = machine(soft_silence_ms=400, silence_ms=100, endpoint="fixed")
    hear(turns, voice_ms=500)
    assert kinds(hear(turns, silence_ms=410)) == ["EndExpected", "TurnEnded"]


def test_too_little_voice_is_dropped() -> None:
    turns = machine(speech_ms_min=200)
    assert kinds(hear(turns, voice_ms=190, silence_ms=1000))[-1] == "UtteranceDropped"
    assert kinds(hear(turns, voice_ms=200, silence_ms=1000))[-1] == "TurnEnded"


def test_a_turn_too_long_is_cut_and_the_next_begins() -> None:
    turns = machine(utterance_ms_max=1000)
    actions = hear(turns, voice_ms=2050)
    assert kinds(actions) == ["UtteranceBegan", *["TurnEnded", "UtteranceBegan"] * 2]
    assert [a.cause for a in actions if isinstance(a, TurnEnded)] == ["length", "length"]


def test_an_utterance_that_nears_its_limit_is_cut_between_words() -> None:
    turns = machine(utterance_ms_max=1000)
    early = hear(turns, voice_ms=500, silence_ms=60) + hear(turns, voice_ms=300, silence_ms=60)
    assert "TurnEnded" not in kinds(early)
    end, *_ = hear(turns, voice_ms=10)
    assert isinstance(end, TurnEnded)
    assert end.cause == "length"


def test_an_utterance_that_ends_near_its_limit_ends_by_silence() -> None:
    turns = machine(utterance_ms_max=1000, silence_ms=100, silence_ms_min=100)
    end = hear(turns, voice_ms=850, silence_ms=120)[-1]
    assert isinstance(end, TurnEnded)
    assert end.cause == "silence"


# Manual mode ---------------------------------------------------------------------------------


def test_in_manual_mode_everything_belongs_to_the_turn() -> None:
    turns = machine(mode="manual")
    assert kinds(hear(turns, silence_ms=5000)) == ["UtteranceBegan"]
    hear(turns, voice_ms=300, silence_ms=2000)
    assert turns.commit() == [TurnEnded(1, 0, 5300, "commit")]


def test_a_commit_ends_a_turn_early_in_either_mode() -> None:
    turns = machine()
    hear(turns, voice_ms=300)
    assert kinds(turns.commit()) == ["TurnEnded"]
    assert hear(turns, silence_ms=2000) == []


def test_there_is_nothing_to_commit_in_silence() -> None:
    turns = machine()
    hear(turns, voice_ms=50)
    before = copy.deepcopy(vars(turns))
    with pytest.raises(TurnError, match="send audio first"):
        turns.commit()
    assert vars(turns) == before


def test_what_is_cleared_was_never_said() -> None:
    turns = machine()
    hear(turns, voice_ms=300)
    assert turns.clear() == [UtteranceDropped(1)]
    assert turns.clear() == []
    assert hear(turns, silence_ms=2000) == []


# Over a reply --------------------------------------------------------------------------------


def spoken_over(voice_ms: int = 60, **settings: object) -> Turns:
    """A reply has the floor, and somebody speaks."""
    turns = machine(**settings)
    turns.take_floor(interruptible=True)
    turns.sound()
    hear(turns, voice_ms=voice_ms)
    return turns


def test_voice_pauses_the_reply_at_the_onset() -> None:
    turns = machine()
    turns.take_floor(interruptible=True)
    assert hear(turns, voice_ms=60) == [UtteranceBegan(1, 0), ReplyPaused(1)]
    assert turns.floor is Floor.CONTESTED


def test_voice_alone_takes_the_floor_after_a_while() -> None:
    turns = spoken_over()
    assert hear(turns, voice_ms=530) == []
    assert hear(turns, voice_ms=10) == [ReplyInterrupted(1)]
    assert turns.floor is Floor.FREE


def test_words_take_it_sooner() -> None:
    turns = spoken_over(voice_ms=100)
    assert turns.hear_words(1, Verdict.WORDS, final=False) == []
    assert hear(turns, voice_ms=90) == []
    assert hear(turns, voice_ms=10) == [ReplyInterrupted(1)]


@pytest.mark.parametrize(
    ("verdict", "final", "expected"),
    [
        (Verdict.NOTHING, False, []),
        (Verdict.BACKCHANNEL, False, []),
        (Verdict.ECHO, False, []),
        (Verdict.WORDS, False, []),
        (Verdict.COMMAND, False, ["ReplyInterrupted"]),
        (Verdict.NOTHING, True, ["UtteranceDropped", "ReplyResumed"]),
        (Verdict.BACKCHANNEL, True, ["UtteranceDropped", "ReplyResumed"]),
        (Verdict.ECHO, True, ["UtteranceDropped", "ReplyResumed"]),
        (Verdict.WORDS, True, ["ReplyInterrupted"]),
        (Verdict.COMMAND, True, ["ReplyInterrupted"]),
    ],
)
def test_what_words_do_to_a_paused_reply(
    verdict: Verdict, final: bool, expected: list[str]
) -> None:
    turns = spoken_over(voice_ms=100)
    if final:
        hear(turns, silence_ms=150)
    assert kinds(turns.hear_words(1, verdict, final)) == expected


@pytest.mark.parametrize(
    ("verdict", "takes_floor_after_ms"),
    [(Verdict.NOTHING, 600), (Verdict.BACKCHANNEL, 1200), (Verdict.ECHO, None)],
)
def test_how_long_a_voice_may_go_on_over_a_reply(
    verdict: Verdict, takes_floor_after_ms: int | None
) -> None:
    turns = spoken_over(voice_ms=100)
    turns.hear_words(1, verdict, final=False)
    for _ in range(500):
        if kinds(turns.frame(True)):
            break
    expected = (
        (takes_floor_after_ms, Floor.FREE) if takes_floor_after_ms else (5100, Floor.CONTESTED)
    )
    assert (turns.voice_ms, turns.floor) == expected


def test_silence_lets_the_reply_go_on_when_no_words_come() -> None:
    turns = spoken_over(voice_ms=100, interrupt_resume_ms=800)
    assert kinds(hear(turns, silence_ms=790)) == ["EndExpected"]
    assert hear(turns, silence_ms=10) == [UtteranceDropped(1), ReplyResumed(1)]
    assert turns.floor is Floor.TAKEN


def test_words_of_another_turn_decide_nothing() -> None:
    turns = spoken_over(voice_ms=300)
    assert turns.hear_words(2, Verdict.COMMAND, final=True) == []


def test_an_interrupting_turn_ends_like_any_other() -> None:
    turns = spoken_over(voice_ms=1000)
    assert kinds(hear(turns, silence_ms=1000)) == ["EndExpected", "TurnEnded"]


@pytest.mark.parametrize("signal", ["commit", "length"])
def test_whatever_ends_the_turn_ends_the_reply_first(signal: Literal["commit", "length"]) -> None:
    turns = spoken_over(voice_ms=100, utterance_ms_max=1000, interrupt_ms=5000)
    actions = turns.commit() if signal == "commit" else hear(turns, voice_ms=1000)
    assert kinds(actions)[:2] == ["ReplyInterrupted", "TurnEnded"]


def test_clearing_lets_the_reply_go_on() -> None:
    assert kinds(spoken_over().clear()) == ["UtteranceDropped", "ReplyResumed"]


def test_instant_mode_asks_nobody() -> None:
    turns = machine(interrupt="instant")
    turns.take_floor(interruptible=True)
    assert kinds(hear(turns, voice_ms=60)) == ["UtteranceBegan", "ReplyInterrupted"]


@pytest.mark.parametrize("how", ["off", "protected"])
def test_a_reply_that_may_not_be_interrupted_is_not(how: str) -> None:
    turns = machine(interrupt="off" if how == "off" else "confirm")
    turns.take_floor(interruptible=how != "protected")
    floor = turns.floor
    assert kinds(hear(turns, voice_ms=2000, silence_ms=1000)) == [
        "UtteranceBegan",
        "EndExpected",
        "TurnEnded",
    ]
    assert turns.floor is floor


def test_a_reply_that_has_just_begun_to_sound_is_left_to_warm_up() -> None:
    turns = machine(interrupt_warm_up_ms=500)
    turns.take_floor(interruptible=True)
    turns.sound()
    assert kinds(hear(turns, voice_ms=490)) == ["UtteranceBegan"]
    assert kinds(hear(turns, voice_ms=10)) == ["ReplyPaused"]


def test_a_reply_that_does_not_sound_yet_needs_no_warm_up() -> None:
    turns = machine(interrupt_warm_up_ms=500)
    turns.take_floor(interruptible=True)
    assert kinds(hear(turns, voice_ms=60)) == ["UtteranceBegan", "ReplyPaused"]


def test_every_reply_warms_up_by_itself() -> None:
    turns = machine(interrupt_warm_up_ms=500)
    turns.take_floor(interruptible=True)
    turns.sound()
    turns.free_floor()
    turns.take_floor(interruptible=True)
    assert kinds(hear(turns, voice_ms=60)) == ["UtteranceBegan", "ReplyPaused"]


def test_every_utterance_is_judged_by_its_own_words() -> None:
    turns = spoken_over(voice_ms=100)
    turns.hear_words(1, Verdict.WORDS, final=False)
    assert kinds(hear(turns, silence_ms=1000))[-1] == "ReplyResumed"
    assert kinds(hear(turns, voice_ms=590)) == ["UtteranceBegan", "ReplyPaused"]


def test_a_reply_that_begins_under_a_voice_is_contested_by_more_of_it() -> None:
    turns = machine()
    hear(turns, voice_ms=1000)
    turns.take_floor(interruptible=True)
    assert hear(turns, voice_ms=20) == [], "the end of a word is no interruption"
    assert hear(turns, voice_ms=10) == [ReplyPaused(1)]
    assert hear(turns, voice_ms=560) == [], "what was said before does not count"
    assert hear(turns, voice_ms=10) == [ReplyInterrupted(1)]


def test_a_floor_that_is_freed_is_fought_over_no_more() -> None:
    turns = spoken_over(voice_ms=100)
    turns.free_floor()
    turns.free_floor()
    assert kinds(hear(turns, voice_ms=1000, silence_ms=1000)) == ["EndExpected", "TurnEnded"]


# Any order -----------------------------------------------------------------------------------


class AnyOrder(RuleBasedStateMachine):
    """Frames and signals as they come; what is never allowed to happen, and what must."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = machine(utterance_ms_max=3000)
        self.open: int | None = None
        self.last = 0
        self.revision = 0
        self.paused = False
        self.frames = 0

    def see(self, actions: Sequence[TurnAction]) -> None:
        for action in actions:
            self._see_user(action)
            self._see_floor(action)

    def _see_user(self, action: TurnAction) -> None:
        if isinstance(action, UtteranceBegan):
            assert self.open is None
            assert action.turn == self.last + 1
            assert action.at_ms < self.turns.now_ms
            self.open, self.last, self.revision = action.turn, action.turn, 0
            return
        assert action.turn == self.open or isinstance(action, ReplyResumed)
        if isinstance(action, SpeechResumed):
            self.revision += 1
            assert action.pause_ms >= 0
        if isinstance(action, EndExpected | ReplyWorthBeginning | SpeechResumed | TurnEnded):
            assert action.revision == self.revision
        if isinstance(action, TurnEnded | UtteranceDropped):
            assert not (self.paused and isinstance(action, TurnEnded))
            self.open = None

    def _see_floor(self, action: TurnAction) -> None:
        if isinstance(action, ReplyPaused):
            assert not self.paused
            self.paused = True
        elif isinstance(action, ReplyResumed):
            assert self.paused
            self.paused = False
        elif isinstance(action, ReplyInterrupted):
            settings = self.turns.settings
            at_once = settings.interrupt == "instant" or settings.mode == "manual"
            assert self.paused or at_once
            self.paused = False

    def _frames(self, voice: bool, count: int) -> None:
        for _ in range(count):
            self.frames += 1
            before = self.turns.user, self.turns.floor
            actions = self.turns.frame(voice)
            self.see(actions)
            if before == (self.turns.user, self.turns.floor):
                changes = [kind for kind in kinds(actions) if kind != "ReplyWorthBeginning"]
                assert changes in ([], ["TurnEnded", "UtteranceBegan"])

    @rule(count=st.integers(1, 80))
    def voice(self, count: int) -> None:
        self._frames(True, count)

    @rule(count=st.integers(1, 120))
    def silence(self, count: int) -> None:
        self._frames(False, count)

    @rule()
    def commit(self) -> None:
        before = copy.deepcopy(vars(self.turns))
        try:
            self.see(self.turns.commit())
        except TurnError:
            assert self.open is None
            assert vars(self.turns) == before

    @rule()
    def clear(self) -> None:
        self.see(self.turns.clear())
        assert self.open is None

    @rule(back=st.integers(0, 2), silence_ms=st.integers(0, 2000))
    def require_silence(self, back: int, silence_ms: int) -> None:
        self.see(self.turns.require_silence(self.last, self.revision - back, silence_ms))

    @rule(back=st.integers(0, 1), verdict=st.sampled_from(Verdict), final=st.booleans())
    def hear_words(self, back: int, verdict: Verdict, final: bool) -> None:
        self.see(self.turns.hear_words(self.last - back, verdict, final))

    @precondition(lambda self: self.turns.floor is Floor.FREE)
    @rule(interruptible=st.booleans())
    def take_floor(self, interruptible: bool) -> None:
        self.turns.take_floor(interruptible)

    @rule()
    def sound(self) -> None:
        self.turns.sound()

    @rule()
    def free_floor(self) -> None:
        self.turns.free_floor()
        self.paused = False

    @rule(
        mode=st.sampled_from(("vad", "vad", "manual")),
        interrupt=st.sampled_from(("confirm", "instant", "off")),
    )
    def change_settings(self, mode: str, interrupt: str) -> None:
        changes = {"mode": mode, "interrupt": interrupt}
        self.turns.settings = self.turns.settings.model_copy(update=changes)

    @invariant()
    def the_machine_says_what_was_seen(self) -> None:
        assert self.turns.in_utterance is (self.open is not None)
        assert (self.turns.floor is Floor.CONTESTED) is self.paused
        assert self.turns.now_ms == self.frames * FRAME_MS

    def teardown(self) -> None:
        """Silence ends everything, and whatever is paused is decided."""
        self.change_settings("vad", "confirm")
        self._frames(False, 400)
        assert self.open is None
        assert not self.paused


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = hypothesis_settings(max_examples=60, stateful_step_count=40)


@pytest.mark.parametrize("table", [USER_TRANSITIONS, FLOOR_TRANSITIONS], ids=["user", "floor"])
def test_every_state_can_be_reached_and_left(
    table: dict[User, frozenset[User]] | dict[Floor, frozenset[Floor]],
) -> None:
    reached = {state for states in table.values() for state in states}
    assert reached == set(table)
    assert all(table.values())
