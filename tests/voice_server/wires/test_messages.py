"""Client messages are typed, or refused with the place; server messages are valid JSON."""

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.closes import ErrorCode
from voice_server.wires import messages as msg

pytestmark = pytest.mark.pure

DEEP = 100_000

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def refused(text: str) -> msg.MessageError:
    with pytest.raises(msg.MessageError) as caught:
        msg.decode(text)
    return caught.value


def test_every_type_has_its_message() -> None:
    tags = {message.__struct_config__.tag for message in get_args(msg.ClientMessage)}
    assert tags == {
        *("hello", "config.update", "text", "say", "respond", "cancel", "playback", "ping", "bye"),
        *("audio.commit", "audio.clear", "audio.mute", "audio.unmute"),
        *("tool.result", "history.get", "item.create", "item.delete"),
    }


def test_a_message_is_typed() -> None:
    message = msg.decode('{"type":"playback","stream":3,"pos":480,"state":"drained","id":"a"}')
    assert message == msg.PlaybackReport(stream=3, pos=480, state="drained", id="a")


def test_unknown_keys_are_for_newer_servers() -> None:
    assert msg.decode('{"type":"ping","t":1,"colour":["blue"]}') == msg.Ping(t=1)


def test_of_a_key_given_twice_the_last_counts() -> None:
    assert msg.decode('{"type":"ping","t":1,"t":2}') == msg.Ping(t=2)


def test_hello_has_defaults() -> None:
    assert msg.decode('{"type":"hello"}') == msg.Hello()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not valid JSON"),
        ("\x00", "not valid JSON"),
        ('\ufeff{"type":"ping"}', "not valid JSON"),
        ('{"type":"ping","t":NaN}', "not valid JSON"),
        ('{"type":"text","text":"\\ud83d"}', "not valid JSON"),
        ('{"type":"text","text":"\ud83d"}', "not valid JSON"),
        ('{"type":"ping","x":' + "[" * DEEP + "]" * DEEP + "}", "not valid JSON"),
        ('{"a":' * DEEP, "not valid JSON"),
        ("[" * DEEP, "Expected `object`, got `array`"),
        ("null", "Expected `object`, got `null`"),
        ("{}", "missing required field `type`"),
        ('{"type":"ping","t":1e999}', r"$.t"),
        ('{"type":"ping","t":' + "9" * 5000 + "}", "$.t"),
        ('{"type":"text","text":null}', "$.text"),
        ('{"type":"text"}', "missing required field `text`"),
        ('{"type":"ping","id":5}', "$.id"),
        ('{"type":"ping","id":"' + "x" * 129 + '"}', "$.id"),
        ('{"type":"playback","stream":-1,"pos":0}', "$.stream"),
        ('{"type":"playback","stream":0,"pos":1e3}', "$.pos"),
        ('{"type":"playback","stream":0,"pos":' + "9" * 400 + "}", "$.pos"),
        ('{"type":"playback","stream":0,"pos":0,"state":"lost"}', "$.state"),
        ('{"type":"hello","mode":"opera"}', "$.mode"),
        ('{"type":"hello","audio":{"framing":"loose"}}', "$.audio.framing"),
        ('{"type":"hello","features":[' + ",".join(['"x"'] * 65) + "]}", "$.features"),
        ('{"type":"hello","audio":{"output":{"rates":[0]}}}', "$.audio.output.rates[0]"),
        ('{"type":"config.update","config":{"turn":{"mode":{}}}}', "$.config.turn[...]"),
    ],
)
def test_what_is_wrong_is_said(text: str, complaint: str) -> None:
    error = refused(text)
    assert error.code is ErrorCode.BAD_REQUEST
    assert complaint in str(error)
    assert str(error).endswith(".")
    assert len(str(error)) < 300


@pytest.mark.parametrize("text", ['{"type":"opera"}', '{"type":7}', '{"type":"ping","type":"x"}'])
def test_an_unknown_type_has_its_own_code(text: str) -> None:
    assert refused(text).code is ErrorCode.UNKNOWN_TYPE


@given(st.text() | json_values.map(json.dumps))
def test_any_text_is_a_message_or_refused(text: str) -> None:
    try:
        message = msg.decode(text)
    except msg.MessageError as error:
        assert str(error)
    else:
        assert isinstance(message, msg.Message)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_what_is_sent_parses_back(message: dict[str, object]) -> None:
    assert json.loads(msg.encode(message)) == message


def test_half_an_emoji_is_escaped_and_arrives() -> None:
    encoded = msg.encode({"type": "text.delta", "text": "half \ud83d"})
    assert encoded.isascii()
    assert json.loads(encoded)["text"] == "half \ud83d"


def test_text_is_sent_as_it_is_written() -> None:
    assert msg.encode({"text": "schön 🙂"}) == '{"text":"schön 🙂"}'
