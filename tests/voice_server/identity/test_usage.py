"""What a session's events say about what it used."""

import pytest

from voice_server import events as ev
from voice_server.identity.usage import Usage

pytestmark = pytest.mark.pure


def final(turn: int, text: str = "Hello.", duration_ms: int = 1500) -> ev.FinalTranscript:
    return ev.FinalTranscript(turn, text, "en", 1.0, (), duration_ms)


def started(reply: int, cause: ev.ReplyCause = "vad", *, speaks: bool = True) -> ev.ReplyStarted:
    return ev.ReplyStarted(reply, cause, 1, speaks=speaks)


def done(reply: int, usage: dict[str, int] | None = None) -> ev.ReplyDone:
    return ev.ReplyDone(reply, "completed", "", usage or {}, {})


def used(*events: ev.ServerEvent, answers: bool = True) -> Usage:
    usage = Usage(answers)
    for event in events:
        usage.note(event)
    return usage


def test_a_spoken_turn() -> None:
    usage = used(
        final(1),
        started(1),
        ev.ReplyText(1, "Good "),
        ev.ReplyText(1, "day."),
        done(1, {"prompt_tokens": 50, "completion_tokens": 3, "cached_tokens": 40}),
    )
    assert usage.used == {"audio_ms": 1500, "tts_chars": 9, "llm_tokens": 53}
    assert (usage.turns, usage.answered) == (1, True)


def test_tokens_that_nobody_counts_are_estimated() -> None:
    assert used(started(1), ev.ReplyText(1, "123456789"), done(1)).used["llm_tokens"] == 3


def test_text_that_is_not_read_out_costs_no_voice() -> None:
    usage = used(started(1, "text", speaks=False), ev.ReplyText(1, "12345678"), done(1))
    assert (usage.used["tts_chars"], usage.used["llm_tokens"]) == (0, 2)
    assert usage.turns == 1


def test_saying_costs_no_language_model_and_is_no_turn() -> None:
    usage = used(started(1, "say"), ev.ReplyText(1, "12345678"), done(1))
    assert (usage.used["tts_chars"], usage.used["llm_tokens"], usage.turns) == (8, 0, 0)


def test_noise_costs_its_time_and_is_no_turn() -> None:
    usage = used(final(1, ""))
    assert (usage.used["audio_ms"], usage.turns) == (1500, 0)


def test_a_turn_is_answered_by_its_own_reply() -> None:
    usage = used(final(1), started(1), final(2), done(1))
    assert (usage.turns, usage.answered) == (2, False)
    usage.note(started(2))
    usage.note(done(2))
    assert usage.answered


def test_a_tool_call_is_not_the_answer_yet() -> None:
    usage = used(final(1), started(1), ev.ToolCalled(1, "call_1", "look", "{}"), done(1))
    assert not usage.answered
    usage.note(started(2, "tool"))
    usage.note(done(2))
    assert (usage.turns, usage.answered) == (1, True)


def test_where_nobody_answers_a_turn_is_over_when_it_is_written() -> None:
    usage = used(final(1), answers=False)
    assert (usage.turns, usage.answered) == (1, True)


def test_words_are_paid_for_by_the_paragraph() -> None:
    usage = used(started(1))
    news = [usage.note(ev.ReplyText(1, "word " * 20)) for _ in range(11)]
    assert news == [False] * 4 + [True] + [False] * 4 + [True] + [False]
    assert usage.note(ev.ReplyText(1, "x" * 600))


def test_what_costs_nothing_is_no_news() -> None:
    usage = Usage(answers=True)
    assert not usage.note(ev.StateChanged(ev.ConversationState.HEARING))
    assert not usage.note(ev.PartialTranscript(1, 1, "Hel", "lo", "en"))
    assert usage.note(final(1))
