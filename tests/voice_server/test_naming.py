"""Ids of items: apart from each other, and from those of other sessions."""

import pytest

from voice_server.naming import other_item, reply_item, turn_item

pytestmark = pytest.mark.pure


def test_every_item_has_its_own_id() -> None:
    makers = (turn_item, reply_item, other_item)
    sessions = ("ses_0123456789ab", "ses_0123456789cd")
    ids = [make(session, n) for make in makers for session in sessions for n in (1, 2, 12)]
    assert len(set(ids)) == len(ids)


def test_an_id_is_the_same_each_time() -> None:
    assert (
        turn_item("ses_0123456789ab", 3) == turn_item("ses_0123456789ab", 3) == "item_456789ab_u3"
    )
