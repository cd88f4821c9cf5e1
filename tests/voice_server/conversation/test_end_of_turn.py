"""How long to wait after words: short after a whole sentence, long after half of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.conversation.end_of_turn import Pause, PauseHabit, RuleEndOfTurn
from voice_server.settings import TurnSettings

pytestmark = pytest.mark.pure

DEFAULT = TurnSettings()
SHORT, NEUTRAL, LONG = DEFAULT.silence_ms_min, DEFAULT.silence_ms, DEFAULT.silence_ms_max
LONGER = 1275
"""After what sounds as if more will come."""
FALLEN = 8.0


def wait_ms(text: str, *, settings: TurnSettings = DEFAULT, **known: object) -> int:
    return RuleEndOfTurn().silence_ms(Pause(text, **known), settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "What time is it?",
        "Turn off the lights.",
        "Where is it from?",
        "Yes.",
    ],
)
def test_a_whole_sentence_is_answered_at_once(text: str) -> None:
    assert wait_ms(text) == SHORT


@pytest.mark.parametrize("text", ["If it rains tomorrow.", "I need eggs.", "The number is green."])
def test_what_opens_with_a_first_half_is_given_time_for_the_second(text: str) -> None:
    assert wait_ms(text) == LONGER


def test_of_an_unknown_language_only_the_full_stop_is_known() -> None:
    assert wait_ms("她是谁? 好。", language="zh") == SHORT
    assert wait_ms("她是谁", language="zh") == NEUTRAL


@pytest.mark.parametrize(
    "text",
    [
        "I would like to go to the",
        "turn it on and",
        "well um",
        "tomorrow,",
        "What I mean is...",
        "call 5 5 5 1",
        "My number is 5 5 5.",
        "five five five",
        "it's zero one seven",
        "My name is S M I.",
    ],
)
def test_a_sentence_that_promises_more_is_waited_for(text: str) -> None:
    assert wait_ms(text) == LONG


@pytest.mark.parametrize(
    "text",
    [
        "turn off the lights",
        "call 5551234",
        "The moon is far away.",
        "The shop is closed.",
        "what is seven times eight",
        "what is seven plus eight",
        "twenty five",
    ],
)
def test_words_that_say_neither_get_the_usual_silence(text: str) -> None:
    assert wait_ms(text) == NEUTRAL


def test_a_voice_that_falls_ends_what_the_words_leave_open() -> None:
    assert wait_ms("what time is it now", fall_db=FALLEN) == SHORT
    assert wait_ms("turn off the lights", fall_db=FALLEN) == SHORT
    assert wait_ms("the moon is far away", fall_db=FALLEN) == NEUTRAL


def test_no_words_are_waited_for_a_while() -> None:
    assert wait_ms("") == LONGER


@pytest.mark.parametrize(
    "text", ["Turn off the lamp.", "I need eggs.", "If it rains tomorrow.", "turn off the lamp"]
)
def test_the_melody_tells_what_the_words_leave_open(text: str) -> None:
    assert wait_ms(text, melody_falls=True) == SHORT
    assert wait_ms(text, melody_falls=False) == LONGER


def test_a_number_may_end_whenever_the_voice_does() -> None:
    assert wait_ms("Call 4 9 3.", melody_falls=True) == SHORT
    assert wait_ms("Call 4 9 3.", melody_falls=False) == LONG


@pytest.mark.parametrize("melody_falls", [True, False, None])
def test_what_the_words_promise_outranks_the_melody(melody_falls: bool | None) -> None:
    assert wait_ms("So, um.", melody_falls=melody_falls) == LONG
    assert wait_ms("I would like to fly to", melody_falls=melody_falls) == LONG


@pytest.mark.parametrize("melody_falls", [True, False, None])
def test_a_question_may_end_high(melody_falls: bool | None) -> None:
    assert wait_ms("Is the museum open on Monday?", melody_falls=melody_falls) == SHORT


def test_a_recogniser_that_writes_full_stops_says_something_by_leaving_one_out() -> None:
    assert wait_ms("Could you turn the music", melody_falls=True) == LONGER
    assert wait_ms("Could you turn the music", melody_falls=False) == LONG
    assert wait_ms("could you turn the music", melody_falls=True) == SHORT
    assert wait_ms("could you turn the music", melody_falls=False) == LONGER


def test_a_model_that_is_sure_stands_in_for_the_melody() -> None:
    assert wait_ms("I need eggs.", melody_falls=False, completeness=0.9) == SHORT
    assert wait_ms("Turn it off.", melody_falls=True, completeness=0.1) == LONGER
    assert wait_ms("Turn it off.", melody_falls=False, completeness=0.5) == SHORT


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Turn off the lamp in the kitchen, please.", "en"),
        ("Turn the light on.", "en"),
        ("Mach das Licht an.", "de"),
        ("Schalte die Heizung im Bad aus, bitte.", "de"),
        ("Doe het licht uit.", "nl"),
    ],
)
def test_a_request_may_end_politely_or_with_half_its_verb(text: str, language: str) -> None:
    assert wait_ms(text, language=language) == SHORT
    assert wait_ms(text, language=language, melody_falls=False) == LONGER


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Could you please.", "en"),
        ("turn the light on", "en"),
        ("The book is on.", "en"),
        ("Könntest du bitte.", "de"),
        ("Mach das Licht an", "de"),
        ("Ich wohne bei.", "de"),
    ],
)
def test_the_same_words_promise_more_elsewhere(text: str, language: str) -> None:
    assert wait_ms(text, language=language) == LONG


def test_every_language_has_its_own_hanging_words() -> None:
    assert wait_ms("ich möchte nach Hause und", language="de") == LONG
    assert wait_ms("ich möchte nach Hause und", language="en") == NEUTRAL


@pytest.mark.parametrize(
    ("habit_ms", "expected"), [(0, 500), (400, 500), (800, 1000), (1500, 1500)]
)
def test_a_speaker_who_pauses_gets_more_time(habit_ms: float, expected: int) -> None:
    assert wait_ms("turn off the lights", habit_ms=habit_ms) == expected


def test_but_not_after_what_sounds_finished() -> None:
    assert wait_ms("Turn off the lights.", melody_falls=True, habit_ms=1500) == SHORT


@pytest.mark.parametrize(("eagerness", "expected"), [("low", 800), ("auto", 500), ("high", 350)])
def test_eagerness_scales_the_wait(eagerness: str, expected: int) -> None:
    settings = TurnSettings.model_validate({"eagerness": eagerness})
    assert wait_ms("turn off the lights", settings=settings) == expected


@given(st.text(max_size=40), st.floats(-20, 20), st.floats(0, 3000))
def test_a_fixed_silence_listens_to_nobody(text: str, fall_db: float, habit_ms: float) -> None:
    settings = TurnSettings(endpoint="fixed", silence_ms=650)
    assert wait_ms(text, settings=settings, fall_db=fall_db, habit_ms=habit_ms) == 650


@given(
    text=st.lists(
        st.sampled_from(("and", "um", "5", "seven", "Lights.", "what", ",", "?", "…", "好。")),
        max_size=8,
    ).map(" ".join),
    fall_db=st.floats(-20, 20),
    habit_ms=st.floats(0, 1500),
    melody_falls=st.sampled_from((True, False, None)),
    completeness=st.none() | st.floats(0, 1),
    eagerness=st.sampled_from(("low", "auto", "high")),
)
def test_the_wait_keeps_its_bounds(text: str, eagerness: str, **known: object) -> None:
    settings = TurnSettings.model_validate({"eagerness": eagerness})
    waited_ms = wait_ms(text, settings=settings, **known)
    assert settings.silence_ms_min <= waited_ms <= settings.silence_ms_max


def test_a_habit_is_learned_and_smoothed() -> None:
    habit = PauseHabit()
    assert habit.pause_ms == 0
    habit.resumed(1000)
    assert habit.pause_ms == 1000
    habit.resumed(500)
    assert habit.pause_ms == pytest.approx(800)


def test_a_habit_fades_while_it_does_not_show() -> None:
    habit = PauseHabit()
    habit.resumed(1000)
    for _ in range(20):
        habit.ended()
    assert 0 < habit.pause_ms < 150


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30))
def test_a_habit_never_exceeds_the_longest_pause_that_counts(pauses_ms: list[int]) -> None:
    habit = PauseHabit()
    for pause_ms in pauses_ms:
        habit.resumed(pause_ms)
    assert min(habit.pause_ms, max(pauses_ms)) <= 1500
    assert min(pauses_ms) <= habit.pause_ms + 1 or min(pauses_ms) > 1500
