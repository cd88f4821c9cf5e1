"""web/frames.js against Python's own packing of the same header."""

import struct

import pytest
from playwright.sync_api import Error, Page

pytestmark = pytest.mark.browser

HEADER = struct.Struct("<BBHIII")

ENCODE = """async (fields) => {
  const { encodeFrame } = await import("/frames.js");
  const frame = { ...fields, samples: Int16Array.from(fields.samples) };
  return Array.from(new Uint8Array(encodeFrame(frame)));
}"""

DECODE = """async (bytes) => {
  const { decodeFrame } = await import("/frames.js");
  const frame = decodeFrame(Uint8Array.from(bytes).buffer);
  return { ...frame, samples: Array.from(frame.samples) };
}"""

FRAMES = [
    {"kind": 1, "flags": 0, "stream": 0, "sequence": 0, "position": 0, "time": 0, "samples": []},
    {
        "kind": 2,
        "flags": 0x13,
        "stream": 0xFFFE,
        "sequence": 0xDEADBEEF,
        "position": 0x01020304,
        "time": 0xFFFFFFFF,
        "samples": [-32768, -1, 0, 1, 32767],
    },
]


def _packed(frame: dict[str, object]) -> bytes:
    kind, flags, stream, sequence, position, time, samples = frame.values()
    assert isinstance(kind, int) and isinstance(samples, list)
    header = HEADER.pack(0x10 | kind, flags, stream, sequence, position, time)
    return header + struct.pack(f"<{len(samples)}h", *samples)


@pytest.mark.parametrize("frame", FRAMES, ids=["empty", "full"])
def test_encodes_what_python_packs(modules: Page, frame: dict[str, object]) -> None:
    assert bytes(modules.evaluate(ENCODE, frame)) == _packed(frame)


@pytest.mark.parametrize("frame", FRAMES, ids=["empty", "full"])
def test_decodes_what_python_packs(modules: Page, frame: dict[str, object]) -> None:
    assert modules.evaluate(DECODE, list(_packed(frame))) == frame


@pytest.mark.parametrize(
    "data",
    [b"", bytes(15), HEADER.pack(0x12, 0, 0, 0, 0, 0) + b"\0", HEADER.pack(0x22, 0, 0, 0, 0, 0)],
    ids=["nothing", "half a header", "half a sample", "another version"],
)
def test_refuses_what_is_no_frame(modules: Page, data: bytes) -> None:
    with pytest.raises(Error, match="RangeError"):
        modules.evaluate(DECODE, list(data))


def test_numbers_wrap_at_their_width(modules: Page) -> None:
    frame = {"kind": 1, "position": 2**32 + 5, "stream": 2**16 + 1, "samples": []}
    packed = bytes(modules.evaluate(ENCODE, frame))
    assert HEADER.unpack(packed)[2] == 1
    assert HEADER.unpack(packed)[4] == 5
