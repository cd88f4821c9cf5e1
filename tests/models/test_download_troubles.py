"""Download troubles: whatever the library raises becomes a sentence with a remedy."""

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from models.download_troubles import explained
from models.errors import ModelError

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (LocalEntryNotFoundError("Cannot reach it.\nMany details."), "Cannot reach it"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_errors_without_a_status_say_how_to_go_on(error: Exception, reason: str) -> None:
    with pytest.raises(ModelError) as caught, explained("base", "owner/base", "https://hub"):
        raise error
    sentence = str(caught.value)
    assert sentence.startswith("base cannot be fetched from https://hub: ")
    assert f"{reason}. Start again to resume the download" in sentence
    assert "\n" not in sentence


def test_mistakes_of_ours_stay_mistakes() -> None:
    with pytest.raises(ZeroDivisionError), explained("base", "owner/base", "https://hub"):
        raise ZeroDivisionError
