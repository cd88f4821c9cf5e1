"""Sections are frozen and know every key."""

import pytest
from pydantic import ValidationError

from voice_server.settings.section import Port, Section

pytestmark = pytest.mark.pure


class Door(Section):
    """A section for these tests."""

    port: Port = 80


def test_a_value_read_once_stays_true() -> None:
    door = Door()
    with pytest.raises(ValidationError, match="frozen"):
        door.port = 81  # type: ignore[misc]


@pytest.mark.parametrize("values", [{"prot": 80}, {"port": -1}, {"port": 65_536}])
def test_unknown_keys_and_impossible_values_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Door(**values)
