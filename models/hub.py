"""Finds models on this machine, and fetches them from a model hub when it can be reached.

Recognisers live in the cache of Hugging Face, voices in a folder of our own, where voices that
Piper's own downloader saved are found as well. Everything is fetched through `huggingface_hub`,
which resumes what was cut, checks what it wrote, and honours `HF_ENDPOINT`; neither
faster-whisper's nor Piper's downloader would do for us, as the one hides its progress and the other
has its address built in. Fetching blocks: it belongs in a thread.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, HTTPError, LocalEntryNotFoundError

from models.catalog import VOICE_REPO, AsrModel, VoiceModel
from models.download_bar import Bars
from models.errors import ModelError

_WHISPER_FILES = [
    "config.json",
    "model.bin",
    "preprocessor_config.json",
    "tokenizer.json",
    "vocabulary.*",
]
_NEEDED_FILES = ("config.json", "model.bin")


class Hub:
    """The caches of this machine and the hub behind them."""

    def __init__(
        self,
        *,
        cache_dir: Path | None = None,
        offline: bool = False,
        timeout_s: float = 3.0,
        endpoint: str | None = None,
    ) -> None:
        """Touch nothing yet.

        `cache_dir` None: the usual caches. `timeout_s` bounds the question whether the hub is
        there, name look-up included. `endpoint` None: `HF_ENDPOINT`, or else huggingface.co.
        """
        self.endpoint = (endpoint or huggingface_hub.constants.ENDPOINT).rstrip("/")
        self.voices_dir = (cache_dir or _user_cache() / "voice-server") / "piper"
        self._cache_dir = cache_dir
        self._offline = offline or huggingface_hub.constants.HF_HUB_OFFLINE
        self._timeout_s = timeout_s
        self._probe: asyncio.Task[str | None] | None = None

    async def unreachable(self) -> str | None:
        """Why the hub cannot be asked, as half a sentence; None if it answers. Asks only once."""
        if self._offline:
            return "the server is offline"
        if self._probe is None:
            self._probe = asyncio.create_task(self._ask())
        return await self._probe

    def find_asr(self, model: AsrModel) -> Path | None:
        """The folder of a complete recogniser on this machine."""
        if model.repo is None:
            return bundled_asr()
        try:
            folder = Path(self._snapshot(model.repo, local_files_only=True))
        except LocalEntryNotFoundError:
            return None
        return folder if all((folder / name).exists() for name in _NEEDED_FILES) else None

    def find_voice(self, voice: VoiceModel) -> Path | None:
        """The `.onnx` file of a voice on this machine, with its configuration beside it."""
        for path in (self.voices_dir / voice.path, self.voices_dir / f"{voice.id}.onnx"):
            if path.is_file() and path.with_name(f"{path.name}.json").is_file():
                return path
        return None

    def fetch_asr(self, model: AsrModel) -> Path:
        """Download a recogniser, with a progress bar on stderr. Blocks. Raises `ModelError`."""
        if model.repo is None:
            return bundled_asr()
        with self._explained(model.name, model.repo), Bars(model.name) as bars:
            return Path(self._snapshot(model.repo, tqdm_class=bars.bar_class))

    def fetch_voice(self, voice: VoiceModel) -> Path:
        """Download a voice, with a progress bar on stderr. Blocks. Raises `ModelError`."""
        with self._explained(voice.id, VOICE_REPO), Bars(voice.id) as bars:
            for file in (f"{voice.path}.json", voice.path):
                huggingface_hub.hf_hub_download(
                    VOICE_REPO,
                    file,
                    local_dir=self.voices_dir,
                    endpoint=self.endpoint,
                    tqdm_class=bars.bar_class,
                )
        return self.voices_dir / voice.path

    def _snapshot(self, repo: str, **options: object) -> str:
        return str(
            huggingface_hub.snapshot_download(
                repo,
                cache_dir=self._cache_dir,
                endpoint=self.endpoint,
                allow_patterns=_WHISPER_FILES,
                **options,
            )
        )

    async def _ask(self) -> str | None:
        """Any answer but a server error will do: a mirror need not have a front page."""
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.head(self.endpoint, allow_redirects=False) as answer,
            ):
                broken = answer.status >= 500
                return f"{self.endpoint} answers {answer.status}" if broken else None
        except TimeoutError:
            return f"{self.endpoint} does not answer within {self._timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError):
            return f"{self.endpoint} cannot be reached"

    @contextmanager
    def _explained(self, name: str, repo: str) -> Iterator[None]:
        """Turn whatever goes wrong in a download into one sentence with a remedy."""
        try:
            yield
        except (HTTPError, OSError) as error:
            status = _http_status(error)
            reason = _meaning(status, repo) if status else _first_line(error)
            raise ModelError(f"{name} cannot be fetched from {self.endpoint}: {reason}") from error


def bundled_asr() -> Path:
    """The folder of the recogniser that this package brings along."""
    return Path(__file__).parent / "assets" / "bundled-asr"


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _http_status(error: BaseException | None) -> int | None:
    """The status of the answer at the root of an error, which may be wrapped several times."""
    while error is not None:
        if isinstance(error, HfHubHTTPError):
            return int(error.response.status_code)
        error = error.__cause__
    return None


def _meaning(status: int, repo: str) -> str:
    if status in (401, 403):
        return (
            f"it answers {status}, so {repo} does not exist or needs a token. Check the name, or "
            "log in with `hf auth login`."
        )
    if status == 404:
        return f"it has no {repo}, or not this file. Check the name."
    return f"it answers {status}. Try again later, or use --offline."


def _first_line(error: Exception) -> str:
    text = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
    return f"{text}. Start again to resume the download, or use --offline."
