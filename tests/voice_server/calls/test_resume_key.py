"""A secret works once, and no broken connection can make a client lose the only one it has."""

import pytest

from voice_server.calls.resume_key import ResumeKey

pytestmark = pytest.mark.pure


def test_a_used_secret_is_void_as_soon_as_the_new_one_has_arrived() -> None:
    key = ResumeKey()
    first = key.issue()
    second = key.exchange(first)
    assert key.confirm()
    assert key.exchange(first) is None
    assert second is not None and key.exchange(second) is not None


def test_until_then_it_opens_again_however_often_the_answer_is_lost() -> None:
    key = ResumeKey()
    first = key.issue()
    lost = [key.exchange(first) for _ in range(5)]
    assert None not in lost and len({first, *lost}) == 6
    assert lost[-1] is not None and key.exchange(lost[-1]) is not None


def test_a_secret_that_was_given_out_in_vain_is_void_when_the_next_is() -> None:
    key = ResumeKey()
    first = key.issue()
    in_vain = key.exchange(first)
    key.exchange(first)
    assert in_vain is not None and key.exchange(in_vain) is None


@pytest.mark.parametrize("guess", ["", "rt_", "rt_" + "A" * 43, "\ud800"])
def test_no_guess_opens(guess: str) -> None:
    key = ResumeKey()
    key.issue()
    assert key.exchange(guess) is None


def test_another_process_needs_the_digests_only() -> None:
    key = ResumeKey()
    secret = key.issue()
    assert secret not in "".join(key.digests)
    assert ResumeKey(key.digests).exchange(secret) is not None
    assert not ResumeKey(key.digests).confirm()
