"""What goes wrong in a download, in one sentence with a remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.errors import HfHubHTTPError, HTTPError

from models.catalog import near_names
from models.errors import ModelError


@contextmanager
def explained(name: str, repo: str, endpoint: str) -> Iterator[None]:
    """Turn whatever `huggingface_hub` raises into a `ModelError`."""
    try:
        yield
    except (HTTPError, OSError) as error:
        status = _http_status(error)
        reason = _meaning(status, name, repo) if status else _first_line(error)
        raise ModelError(f"{name} cannot be fetched from {endpoint}: {reason}") from error


def _http_status(error: BaseException | None) -> int | None:
    """The status of the answer at the root of an error, which may be wrapped several times."""
    while error is not None:
        if isinstance(error, HfHubHTTPError):
            return int(error.response.status_code)
        error = error.__cause__
    return None


def _meaning(status: int, name: str, repo: str) -> str:
    near = [known for known in near_names(name) if known != name]
    names = f" Names like it: {', '.join(near)}." if near else ""
    if status in (401, 403):
        return (
            f"it answers {status}, so {repo} does not exist or needs a token. Check the name, or "
            f"log in with `hf auth login`.{names}"
        )
    if status == 404:
        return f"it has no {repo}, or not this file. Check the name.{names}"
    return f"it answers {status}. Try again later, or use --offline."


def _first_line(error: Exception) -> str:
    text = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
    return f"{text}. Start again to resume the download, or use --offline."
