"""What is said over a reply is a backchannel, a command, our own echo, or somebody's turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.conversation.barge_in import Verdict, is_echo, judge

pytestmark = pytest.mark.pure

SAID = "The moon goes around the earth once a month, and it has no air."

words = st.lists(st.sampled_from(SAID.lower().replace(",", "").replace(".", "").split()))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", Verdict.NOTHING),
        ("...", Verdict.NOTHING),
        ("Mhm.", Verdict.BACKCHANNEL),
        ("yeah yeah okay", Verdict.BACKCHANNEL),
        ("Oh, I see.", Verdict.BACKCHANNEL),
        ("um, right", Verdict.BACKCHANNEL),
        ("Right, but what about Mars", Verdict.WORDS),
        ("tell me more", Verdict.WORDS),
        ("Stop!", Verdict.COMMAND),
        ("No.", Verdict.COMMAND),
        ("hold on a second", Verdict.COMMAND),
        ("wait, what", Verdict.COMMAND),
        ("nobody", Verdict.WORDS),
        ("the earth once a month", Verdict.ECHO),
        ("the mood goes around the earth", Verdict.ECHO),
        ("moon", Verdict.WORDS),
        ("month a once earth the", Verdict.WORDS),
    ],
)
def test_verdicts(text: str, verdict: Verdict) -> None:
    assert judge(text, "en", SAID) is verdict


@pytest.mark.parametrize(
    ("text", "language", "verdict"),
    [
        ("Ja, genau.", "de-AT", Verdict.BACKCHANNEL),
        ("Stopp!", "de", Verdict.COMMAND),
        ("Halt, warte.", "de", Verdict.COMMAND),
        ("bien sûr", "fr", Verdict.BACKCHANNEL),
        ("attends", "fr", Verdict.COMMAND),
        ("stop", "tlh", Verdict.WORDS),
    ],
)
def test_every_language_has_its_own_words(text: str, language: str, verdict: Verdict) -> None:
    assert judge(text, language) is verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_only_words_and_commands_take_the_floor(verdict: Verdict) -> None:
    assert verdict.takes_floor is (verdict in (Verdict.WORDS, Verdict.COMMAND))


@given(words, st.integers(0, 12), st.integers(2, 6))
def test_any_stretch_of_what_was_said_is_its_echo(said: list[str], start: int, length: int) -> None:
    heard = said[start : start + length]
    assert is_echo(heard, said) is (len(heard) >= 2)


@given(words, words)
def test_of_nothing_said_there_is_no_echo_and_more_said_hides_none(
    heard: list[str], said: list[str]
) -> None:
    assert not is_echo(heard, [])
    if is_echo(heard, said):
        assert is_echo(heard, [*said, "amen"])


def test_a_backchannel_that_is_only_begun_decides_nothing() -> None:
    for begun in ("I", "Got", "Okay, all", "right, of"):
        assert judge(begun, "en", whole=False) is Verdict.BACKCHANNEL
        assert judge(begun, "en", whole=True) is Verdict.WORDS
    assert judge("I want", "en", whole=False) is Verdict.WORDS


def test_our_own_words_among_the_users_do_not_count_where_we_may_hear_ourselves() -> None:
    heard = "the moon okay goes right around yeah yeah mhm sure"
    assert judge(heard, "en", SAID) is Verdict.WORDS
    assert judge(heard, "en", SAID, echoes=True) is Verdict.BACKCHANNEL
    assert judge(f"{heard} but why", "en", SAID, echoes=True) is Verdict.WORDS


@pytest.mark.parametrize("whole", [True, False])
def test_one_word_of_ours_says_nothing_yet_where_we_may_hear_ourselves(whole: bool) -> None:
    assert judge("moon", "en", SAID, whole=whole) is Verdict.WORDS
    assert judge("moon", "en", SAID, echoes=True, whole=whole) is Verdict.NOTHING
    assert judge("moon stop", "en", SAID, echoes=True, whole=whole).takes_floor


def test_a_stranger_among_our_words_is_forgiven_a_sentence_of_strangers_is_not() -> None:
    said = ["one", "two", "three", "four", "five", "six", "seven"]
    assert is_echo(["one", "two", "x", "four", "five"], said)
    assert not is_echo(["one", "x", "y", "four", "z"], said)
