"""Finds models on this machine, and fetches them from a model hub when it can be reached.

Recognisers and language models live in the cache of Hugging Face, voices in a folder of our own,
where voices that Piper's own downloader saved are found as well. Everything is fetched through
`huggingface_hub`, which resumes what was cut and honours `HF_ENDPOINT`, proxies and tokens; neither
faster-whisper's nor Piper's downloader would do for us, as the one hides its progress and the other
has its address built in. Before a download comes a look at the disk, after it one at every byte.
Fetching blocks: it belongs in a thread.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import aiohttp
import huggingface_hub
from huggingface_hub import DryRunFileInfo
from huggingface_hub.errors import HTTPError, LocalEntryNotFoundError

from models.catalog import VOICE_REPO, AsrModel, LlmModel, Model, VoiceModel, name_of
from models.disk_space import require_space, unfinished_bytes
from models.download_bar import Bars
from models.download_troubles import explained
from models.errors import ModelError
from models.integrity import cached_digest, is_intact, listed_digests, noted_digest

_WHISPER_FILES = [
    "config.json",
    "model.bin",
    "preprocessor_config.json",
    "tokenizer.json",
    "vocabulary.*",
]
_NEEDED_FILES = ("config.json", "model.bin")
_LLM_FILES = ["*.json", "*.safetensors", "*.txt", "*.jinja"]

State = Literal["intact", "damaged", "unknown"]
"""Of a file; `unknown`: nobody has noted what it should be."""


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
        self._bars = Bars()
        self._probe: asyncio.Task[str | None] | None = None

    async def unreachable(self) -> str | None:
        """Why the hub cannot be asked, as half a sentence; None if it answers. Asks only once."""
        if self._offline:
            return "the hub must not be asked (offline)"
        if self._probe is None:
            self._probe = asyncio.create_task(self._ask())
        return await self._probe

    def find(self, model: Model) -> Path | None:
        """Where a complete model is on this machine: a folder, or the `.onnx` file of a voice."""
        match model:
            case AsrModel():
                return self.find_asr(model)
            case LlmModel():
                return self._find_folder(model.repo, _LLM_FILES, ("config.json",))
            case VoiceModel():
                return self.find_voice(model)

    def find_asr(self, model: AsrModel) -> Path | None:
        """The folder of a complete recogniser on this machine."""
        if model.repo is None:
            return bundled_asr()
        return self._find_folder(model.repo, _WHISPER_FILES, _NEEDED_FILES)

    def find_voice(self, voice: VoiceModel) -> Path | None:
        """The `.onnx` file of a voice on this machine, with its configuration beside it."""
        places = [self.voices_dir / voice.path, self.voices_dir / f"{voice.id}.onnx"]
        cached = huggingface_hub.try_to_load_from_cache(
            VOICE_REPO, voice.path, cache_dir=self._cache_dir
        )
        if isinstance(cached, str):
            places.append(Path(cached))
        for path in places:
            if path.is_file() and path.with_name(f"{path.name}.json").is_file():
                return path
        return None

    def fetch(self, model: Model) -> Path:
        """Download a model, with a progress bar on stderr, and check it. Blocks.

        What is here already is not fetched again. Raises `ModelError`.
        """
        match model:
            case AsrModel():
                return self.fetch_asr(model)
            case LlmModel():
                return self._fetch_folder(model, _LLM_FILES, ("config.json",))
            case VoiceModel():
                return self.fetch_voice(model)

    def fetch_asr(self, model: AsrModel) -> Path:
        """Download a recogniser. See `fetch`."""
        if model.repo is None:
            return bundled_asr()
        return self._fetch_folder(model, _WHISPER_FILES, _NEEDED_FILES)

    def fetch_voice(self, voice: VoiceModel) -> Path:
        """Download a voice. See `fetch`."""
        files = (f"{voice.path}.json", voice.path)
        with explained(voice.id, VOICE_REPO, self.endpoint):
            missing = [info for file in files if (info := self._voice_plan(file)).will_download]
            require_space(voice.id, _still_to_come(missing, self.voices_dir), self.voices_dir)
            with self._bars.bar(voice.id) as bar:
                for file in files:
                    huggingface_hub.hf_hub_download(
                        VOICE_REPO,
                        file,
                        local_dir=self.voices_dir,
                        endpoint=self.endpoint,
                        tqdm_class=bar.bar_class,
                    )
        path = self.voices_dir / voice.path
        self._check(voice, path, [info.filename for info in missing])
        return path

    def files(self, model: Model, path: Path) -> Sequence[Path]:
        """What a model that was found at `path` consists of."""
        if isinstance(model, VoiceModel):
            return [path, path.with_name(f"{path.name}.json")]
        return sorted(file for file in path.rglob("*") if file.is_file())

    def verify(self, model: Model, path: Path, *, ask: bool = False) -> Mapping[Path, State]:
        """Compare every file of a model with the digest that came with it. Reads them all.

        `ask`: a file that came without one, as those of Piper's own downloader, is compared with
        what the hub publishes now.
        """
        if path == bundled_asr():
            listed = listed_digests(path)
            return {path / name: _compared(path / name, listed[name]) for name in listed}
        states = {file: self._state(model, file) for file in self.files(model, path)}
        for file, state in states.items():
            if ask and state == "unknown" and isinstance(model, VoiceModel):
                digest = self._published_digest(model, file)
                states[file] = _compared(file, digest)
        return states

    def remove(self, model: Model) -> int:
        """Delete a model; return the bytes that are free again, 0 if it was not here.

        Raises `ModelError` for the bundled recogniser.
        """
        path = self.find(model)
        if path is None:
            return 0
        if path == bundled_asr():
            raise ModelError("The bundled recogniser is part of voice-server and stays.")
        files = self.files(model, path)
        freed_bytes = sum(file.stat().st_size for file in files)
        if not isinstance(model, VoiceModel) and path.parent.name == "snapshots":
            shutil.rmtree(path.parent.parent)
            return freed_bytes
        for file in files:
            file.resolve().unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        return freed_bytes

    def _state(self, model: Model, file: Path) -> State:
        digest = cached_digest(file)
        if digest is None and isinstance(model, VoiceModel) and model.path in file.as_posix():
            digest = noted_digest(self.voices_dir, file.relative_to(self.voices_dir).as_posix())
        return _compared(file, digest)

    def _published_digest(self, voice: VoiceModel, file: Path) -> str | None:
        """What the hub says about a file of a voice; None where it does not."""
        place = voice.path if file.suffix == ".onnx" else f"{voice.path}.json"
        url = huggingface_hub.hf_hub_url(VOICE_REPO, place, endpoint=self.endpoint)
        try:
            published = huggingface_hub.get_hf_file_metadata(url, endpoint=self.endpoint)
        except (HTTPError, OSError):
            return None
        return str(published.etag)

    def _check(self, model: Model, path: Path, fetched: Sequence[str]) -> None:
        """Delete what arrived damaged. Raises `ModelError`."""
        names = {Path(name).name for name in fetched}
        for file in self.files(model, path):
            if file.name in names and self._state(model, file) == "damaged":
                file.resolve().unlink()
                file.unlink(missing_ok=True)
                raise ModelError(
                    f"{name_of(model)}: {file.name} did not arrive as it was published, and was "
                    f"deleted. Pull it again; if it stays so, do not trust {self.endpoint}."
                )

    def _find_folder(
        self, repo: str, patterns: Sequence[str], needed: Sequence[str]
    ) -> Path | None:
        try:
            folder = Path(self._snapshot(repo, patterns, local_files_only=True))
        except LocalEntryNotFoundError:
            return None
        return folder if all((folder / name).exists() for name in needed) else None

    def _fetch_folder(
        self, model: AsrModel | LlmModel, patterns: Sequence[str], needed: Sequence[str]
    ) -> Path:
        repo = str(model.repo)
        cache = self._cache_dir or Path(huggingface_hub.constants.HF_HUB_CACHE)
        with explained(model.name, repo, self.endpoint), self._bars.bar(model.name) as bar:
            quiet = {"tqdm_class": bar.bar_class}
            plan: list[DryRunFileInfo] = self._snapshot(repo, patterns, dry_run=True, **quiet)
            _require_files(model.name, repo, plan, needed)
            missing = [info for info in plan if info.will_download]
            place = cache / f"models--{repo.replace('/', '--')}"
            require_space(model.name, _still_to_come(missing, place), cache)
            folder = Path(self._snapshot(repo, patterns, **quiet))
        self._check(model, folder, [info.filename for info in missing])
        return folder

    def _voice_plan(self, file: str) -> DryRunFileInfo:
        return huggingface_hub.hf_hub_download(
            VOICE_REPO, file, local_dir=self.voices_dir, endpoint=self.endpoint, dry_run=True
        )

    def _snapshot(self, repo: str, patterns: Sequence[str], **options: object) -> Any:
        return huggingface_hub.snapshot_download(
            repo,
            cache_dir=self._cache_dir,
            endpoint=self.endpoint,
            allow_patterns=list(patterns),
            **options,
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


def bundled_asr() -> Path:
    """The folder of the recogniser that this package brings along."""
    return Path(__file__).parent / "assets" / "bundled-asr"


def _compared(file: Path, digest: str | None) -> State:
    intact = is_intact(file, digest) if digest else None
    return "unknown" if intact is None else "intact" if intact else "damaged"


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _require_files(
    name: str, repo: str, plan: Sequence[DryRunFileInfo], needed: Sequence[str]
) -> None:
    lacking = sorted({*needed} - {info.filename for info in plan})
    if lacking:
        raise ModelError(
            f"{name} is a model for another engine: {repo} has no {' and no '.join(lacking)}. "
            "Recognisers have to be in the format of CTranslate2, as faster-whisper's are; a "
            f"language model for vLLM is called vllm:{repo}."
        )


def _still_to_come(files: Sequence[DryRunFileInfo], folder: Path) -> int:
    """Bytes that have to be fetched, less those that a broken download has left."""
    wanted_bytes = sum(info.file_size or 0 for info in files)
    return max(0, wanted_bytes - unfinished_bytes([folder])) if files else 0
