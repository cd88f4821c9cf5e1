"""The REST limits are in the tree, and each has a least value that still works."""

import pytest

from voice_server.settings import SettingsError, load
from voice_server.settings.rest import RestSettings

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("name", sorted(RestSettings.model_fields.keys()))
def test_no_limit_can_be_switched_off_by_zero(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"rest\.{name}"):
        load(None, [f"rest.{name}=0"])


def test_uploads_may_be_as_long_as_openais() -> None:
    assert load().rest.upload_bytes_max == 25 * 1024 * 1024
