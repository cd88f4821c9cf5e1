"""The machine: what the driver says is read, whatever else it says is not."""

import pytest

from voice_server.engines.machine import Gpu, Machine, gpus_in, look_at_machine

pytestmark = pytest.mark.pure


def test_the_drivers_list_is_read() -> None:
    listed = "NVIDIA GeForce RTX 4090, 24564\nNVIDIA A100, SXM4, 81920\n"
    assert gpus_in(listed) == (
        Gpu("NVIDIA GeForce RTX 4090", 24564 / 1024),
        Gpu("NVIDIA A100, SXM4", 80.0),
    )


@pytest.mark.parametrize(
    "listed", ["", "NVIDIA-SMI has failed because it couldn't communicate.\n", "Card, [N/A]\n"]
)
def test_a_driver_without_cards_has_none(listed: str) -> None:
    assert gpus_in(listed) == ()


def test_this_machine_has_something() -> None:
    machine = look_at_machine()
    assert machine.cores >= 1
    assert machine.memory_gb > 0.5


def test_a_machine_in_words() -> None:
    machine = Machine(8, 31.2, (Gpu("RTX 4090", 24.0),))
    assert str(machine) == "8 cores, 31 GB of memory, RTX 4090 with 24 GB"
    assert str(Machine(2, 4.0)) == "2 cores, 4 GB of memory, no GPU"
