"""The machine: what the driver says is read, whatever else it says is not."""

import pytest

from voice_server.engines.machine import Gpu, Machine, gpus_in, look_at_machine, visible

pytestmark = pytest.mark.pure


def test_the_drivers_list_is_read() -> None:
    listed = "24564, 20000, NVIDIA GeForce RTX 4090\n81920, [N/A], NVIDIA A100, SXM4\n"
    assert gpus_in(listed) == (
        Gpu("NVIDIA GeForce RTX 4090", 24564 / 1024, 20000 * 2**20),
        Gpu("NVIDIA A100, SXM4", 80.0),
    )
    assert gpus_in(listed)[1].memory_bytes == 80 * 2**30


@pytest.mark.parametrize(
    "listed",
    ["", "NVIDIA-SMI has failed because it couldn't communicate.\n", "[N/A], 1, Card\n", "Card\n"],
)
def test_a_driver_without_cards_has_none(listed: str) -> None:
    assert gpus_in(listed) == ()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("", "abc"), ("1", "b"), ("2,0", "ca"), ("GPU-5f3c", "abc"), ("7", "abc")],
)
def test_cards_are_numbered_as_cuda_numbers_them(chosen: str, expected: str) -> None:
    cards = tuple(Gpu(name, 24.0) for name in "abc")
    assert "".join(card.name for card in visible(cards, chosen)) == expected


def test_this_machine_has_something() -> None:
    machine = look_at_machine()
    assert machine.cores >= 1
    assert machine.memory_gb > 0.5
    assert machine.free_bytes is None or 0 < machine.free_bytes < machine.memory_gb * 2**30


def test_a_machine_in_words() -> None:
    machine = Machine(8, 31.2, (Gpu("RTX 4090", 24.0),))
    assert str(machine) == "8 cores, 31 GB of memory, RTX 4090 with 24 GB"
    assert str(Machine(2, 4.0)) == "2 cores, 4 GB of memory, no GPU"
