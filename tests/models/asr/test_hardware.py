"""The device and number format that are chosen for what is there, and what is said where not."""

import pytest

from models.asr.hardware import Found, Hardware, choose_hardware, look
from models.errors import ModelError

pytestmark = pytest.mark.engine


def found(gpus: int = 0, *gpu_types: str) -> Found:
    types = {"cpu": {"int8", "float32"}, "cuda": set(gpu_types)}
    return Found(gpus, types.__getitem__)


@pytest.mark.parametrize(
    ("machine", "chosen"),
    [
        (found(), Hardware("cpu", (0,), "int8")),
        (found(1, "float16", "float32"), Hardware("cuda", (0,), "float16")),
        (found(2, "bfloat16", "float32"), Hardware("cuda", (0, 1), "bfloat16")),
        (found(1, "float32"), Hardware("cuda", (0,), "float32")),
        (found(1), Hardware("cuda", (0,), "default")),
    ],
)
def test_auto_takes_the_best_of_what_is_there(machine: Found, chosen: Hardware) -> None:
    assert choose_hardware("auto", "auto", machine) == chosen


def test_what_was_asked_for_is_taken() -> None:
    machine = found(3, "float16", "int8_float16")
    assert choose_hardware("cpu", "float32", machine) == Hardware("cpu", (0,), "float32")
    chosen = choose_hardware("cuda", "int8_float16", machine, gpus=(2, 0))
    assert chosen == Hardware("cuda", (2, 0), "int8_float16")
    assert str(chosen) == "cuda:2, cuda:0, int8_float16"
    assert str(choose_hardware("cpu", "auto", machine)) == "cpu, int8"


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="can use no GPU: `voice-server doctor`"):
        choose_hardware("cuda", "auto", found())
    with pytest.raises(ModelError, match="GPU 4, but there are 2"):
        choose_hardware("cuda", "auto", found(2, "float16"), gpus=(0, 4))
    with pytest.raises(ModelError, match="'float16', which cpu cannot do here: use float32, int8"):
        choose_hardware("auto", "float16", found())


def test_this_machine_has_a_processor() -> None:
    assert choose_hardware("cpu", "auto", look()).compute_type in {"int8", "int8_float32"}
