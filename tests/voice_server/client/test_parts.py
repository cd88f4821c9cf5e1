"""Entries of the conversation: read from the wire, and shown without anybody's words."""

import pytest

from voice_server.client.events import History, ItemAdded, ItemChanged, ItemRemoved, decode
from voice_server.client.parts import Item

pytestmark = pytest.mark.pure

ITEM = '{"id":"i","kind":"message","status":"incomplete","role":"user","text":"secret"}'
USER = Item(id="i", kind="message", status="incomplete", role="user", text="secret")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f'{{"type":"item.added","item":{ITEM},"after":"h","sn":1}}',
            ItemAdded(item=USER, after="h", sn=1),
        ),
        (f'{{"type":"item.changed","item":{ITEM},"sn":2}}', ItemChanged(item=USER, sn=2)),
        ('{"type":"item.removed","item":"i","sn":3}', ItemRemoved(item="i", sn=3)),
        (f'{{"type":"history","items":[{ITEM}],"sn":4}}', History(items=[USER], sn=4)),
    ],
)
def test_items_are_read_and_their_words_not_shown(text: str, message: object) -> None:
    assert decode(text) == message
    assert "secret" not in repr(message)
