"""Looks whether everything that the settings ask for is here: one line per check, with the remedy.

Checks only look; nothing is loaded, fetched or changed.
"""

import asyncio
import json
import platform
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from models.asr.cuda import CUBLAS_REMEDY, seen_gpus, usable_gpus
from models.catalog import AsrModel, VoiceModel
from models.errors import ModelError
from models.hub import Hub
from models.llm import ChatError
from models.llm.chat_endpoints import discover
from models.llm.vllm.preflight import find_executable, find_model
from voice_server.door.certificate import days_left, names_in
from voice_server.door.tls import ANY_ADDRESS, EXPIRES_SOON_DAYS, server_context
from voice_server.engines import hub_of
from voice_server.engines.findings import OPTIONAL_PACKAGES, has_gpu, look_around
from voice_server.engines.memory_check import look_for_memory
from voice_server.engines.plans import (
    Findings,
    Plan,
    Role,
    plan_all,
    plan_asr,
    plan_llm,
    plan_tts,
)
from voice_server.exposure import check_exposure
from voice_server.identity.store import StoreUnavailable
from voice_server.settings import ServerSettings, Settings, SettingsError, StoreSettings
from voice_server.stores.opening import look_at

Verdict = Literal["ok", "note", "missing"]
"""`note`: works, but not as well as it could; `missing`: the server would not start."""

PYTHON_MIN = (3, 11)
PACKAGES = (
    "aiohttp",
    "av",
    "ctranslate2",
    "faster-whisper",
    "msgspec",
    "numpy",
    "onnxruntime",
    "pydantic-settings",
    "soundfile",
    "soxr",
    "webrtcvad-wheels",
)
_EXTRAS = {"piper": "better voices", "pocketsphinx": "recognition without a download"}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    verdict: Verdict
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"\n{'':>22}→ {self.remedy}" if self.remedy else ""
        return f"{self.verdict:<7}  {self.name:<13}{self.detail}{remedy}"


async def examine(settings: Settings, hub: Hub | None = None) -> list[Check]:
    """Run all checks; about as long as the slowest, which has a timeout."""
    hub = hub or hub_of(settings)
    reachable, engines, store = await asyncio.gather(
        _hub(hub), _engines(settings, hub), _store(settings.store)
    )
    return [
        _python(),
        _packages(),
        *(_extra(name) for name in OPTIONAL_PACKAGES),
        _gpu(settings),
        _espeak(),
        reachable,
        *engines,
        store,
        _tls(settings.server),
        _exposure(settings),
        _port(settings),
    ]


def as_text(checks: Sequence[Check]) -> str:
    """A line per check, the remedy below it."""
    return "".join(f"{check}\n" for check in checks)


def as_json(checks: Sequence[Check]) -> str:
    """An array of objects with name, verdict, detail and remedy."""
    return json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2) + "\n"


def _python() -> Check:
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] >= PYTHON_MIN:
        return Check("python", "ok", detail)
    wanted = ".".join(map(str, PYTHON_MIN))
    return Check("python", "missing", detail, f"Install Python {wanted} or later.")


def _packages() -> Check:
    absent = [name for name in PACKAGES if _version(name) is None]
    if absent:
        remedy = f"Run `pip install {' '.join(absent)}`."
        return Check("packages", "missing", f"without {', '.join(absent)}", remedy)
    shown = ", ".join(f"{name} {_version(name)}" for name in ("faster-whisper", "ctranslate2"))
    return Check("packages", "ok", f"all {len(PACKAGES)} are installed: {shown}, …")


def _extra(name: str) -> Check:
    if find_spec(name):
        return Check(name, "ok", "installed")
    remedy = f"For {_EXTRAS[name]}: `pip install 'voice-server[{name}]'`."
    return Check(name, "note", "not installed", remedy)


def _gpu(settings: Settings) -> Check:
    """A GPU that cannot be used is only a note where nobody insists on it."""
    if has_gpu(settings.asr):
        return Check("cuda", "ok", f"CTranslate2 can use {usable_gpus()} GPUs")
    verdict: Verdict = "missing" if settings.asr.device == "cuda" else "note"
    if seen_gpus() and settings.asr.device != "cpu":
        return Check("cuda", verdict, "there is a GPU, but no cuBLAS 12", CUBLAS_REMEDY)
    if settings.asr.device == "cuda":
        remedy = "Install NVIDIA's driver for CUDA 12 (see nvidia-smi), or set asr.device=cpu."
        return Check("cuda", "missing", "CTranslate2 sees no GPU", remedy)
    return Check("cuda", "ok", "no GPU in use: recognition runs on the CPU")


def _espeak() -> Check:
    if find_spec("espeakng_loader"):
        return Check("espeak", "ok", f"espeakng-loader {_version('espeakng-loader')}")
    remedy = "Run `pip install espeakng-loader`."
    return Check("espeak", "missing", "espeak-ng is not installed", remedy)


async def _hub(hub: Hub) -> Check:
    why = await hub.unreachable()
    if why is None:
        return Check("hub", "ok", f"{hub.endpoint} answers")
    remedy = "Models that are on this machine still work; HF_ENDPOINT names a mirror."
    return Check("hub", "note", why, remedy)


async def _engines(settings: Settings, hub: Hub) -> list[Check]:
    """What would be chosen, or why nothing can be."""
    try:
        found = await look_around(settings, hub)
    except ModelError as error:
        return [Check("models", "missing", "a name means nothing", str(error))]
    found = replace(found, unreachable=await hub.unreachable())
    return [
        _planned("asr", partial(plan_asr, settings.asr, found)),
        _planned("tts", partial(plan_tts, settings.tts, found)),
        await _llm(settings, found),
        *await _memory(settings, found, hub),
    ]


async def _memory(settings: Settings, found: Findings, hub: Hub) -> list[Check]:
    """Whether all that fits into what is free now; nothing where an engine cannot be had."""
    try:
        plans = plan_all(settings, found)
        fit = await look_for_memory(settings, plans, hub)
    except ModelError:
        return []
    refused = fit.refused and settings.models.memory_check
    verdict: Verdict = "missing" if refused else "note" if fit.lacking else "ok"
    return [Check("memory", verdict, fit.taken, fit.lacking)]


def _planned(role: Role, plan: Callable[[], Plan]) -> Check:
    """What a role would get."""
    try:
        planned = plan()
    except ModelError as error:
        return Check(role, "missing", "cannot be had", str(error))
    if planned.path is not None and not planned.path.exists():
        return Check(role, "missing", f"there is no {planned.path}", "Give the path of a model.")
    model = planned.model
    name = planned.engine if model is None else f"{planned.engine} {_name(model)}"
    size = f" of {model.size_mb} MB" if model and model.size_mb else ""
    fetch = f", after a download{size}" if planned.must_fetch else ""
    verdict: Verdict = "note" if planned.notice else "ok"
    return Check(role, verdict, f"{name}{fetch}, because {planned.reason}", planned.notice)


def _name(model: AsrModel | VoiceModel) -> str:
    return model.name if isinstance(model, AsrModel) else model.id


async def _llm(settings: Settings, found: Findings) -> Check:
    """The language model; an endpoint is asked for its models."""
    check = _planned("llm", partial(plan_llm, settings.llm, found))
    plan = plan_llm(settings.llm, found) if check.verdict != "missing" else None
    if plan is not None and plan.engine == "vllm":
        return _own_vllm(plan.llm, settings)
    if plan is None or plan.engine != "endpoint":
        return check
    url = plan.url
    try:
        models = await discover(url, settings.llm.api_key, settings.llm.connect_timeout_s)
    except (ChatError, ValueError) as error:
        return Check("llm", "note", f"{url} gives no answers now", str(error))
    return Check("llm", "ok", f"{url} serves {', '.join(models[:3]) or 'no model'}")


def _own_vllm(model: str, settings: Settings) -> Check:
    """A vLLM that would be started: whether it is installed, and the model not plainly wrong."""
    try:
        executable = find_executable(settings.llm.vllm.environment)
        shown = find_model(model)
    except ModelError as error:
        return Check("llm", "missing", f"vLLM cannot serve {model}", str(error))
    return Check("llm", "ok", f"{executable} will serve {shown}")


async def _store(settings: StoreSettings) -> Check:
    """Whether Redis is there, lets us do everything, and will remember it."""
    if not settings.url:
        return Check("store", "ok", "in the memory of this process")
    try:
        condition = await look_at(settings)
    except StoreUnavailable as error:
        return Check("store", "note", "nobody new would be let in", f"{error}.")
    except SettingsError as error:
        return Check("store", "missing", "the server would refuse to start", str(error))
    detail = f"Redis {condition.version}"
    if not condition.worries:
        return Check("store", "ok", f"{detail}, which remembers what it is told")
    verdict: Verdict = "missing" if settings.durability == "require" else "note"
    return Check("store", verdict, f"{detail}, which may forget", "; ".join(condition.worries))


def _tls(settings: ServerSettings) -> Check:
    """Whether browsers elsewhere would have reason to trust this server."""
    if settings.tls_self_signed:
        return Check("tls", "ok", "with a certificate that the server makes itself")
    try:
        encrypted = server_context(settings) is not None
    except SettingsError as error:
        return Check("tls", "missing", "the server would refuse to start", str(error))
    if not encrypted or settings.tls_cert is None:
        return Check("tls", "ok", "none: browsers elsewhere need it, here or in a proxy")
    return _certificate(settings.tls_cert, settings.host)


def _certificate(cert: Path, host: str) -> Check:
    """One that can be used; but for how long, and for whom?"""
    days, names = days_left(cert), names_in(cert)
    detail = f"{cert} for {', '.join(names) or 'no name'}, {days:.0f} days left"
    if days < EXPIRES_SOON_DAYS:
        return Check("tls", "note", detail, "Renew it, and restart the server.")
    if host not in (*ANY_ADDRESS, *names) and not any(name.startswith("*.") for name in names):
        remedy = f"Clients that come to {host} will not trust it: have it name {host}, too."
        return Check("tls", "note", detail, remedy)
    return Check("tls", "ok", detail)


def _exposure(settings: Settings) -> Check:
    try:
        check_exposure(settings)
    except SettingsError as error:
        return Check("access", "missing", "the server would refuse to start", str(error))
    keys = len(settings.auth.keys)
    return Check("access", "ok", f"{settings.server.host}, {keys} keys" if keys else "this machine")


def _port(settings: Settings) -> Check:
    """Try to listen, as the server would."""
    host, port = settings.server.host, settings.server.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        remedy = "Choose another with --port, or stop what listens there."
        return Check("port", "missing", f"{host}:{port}: {error.strerror}", remedy)
    return Check("port", "ok", f"{host}:{port} is free" if port else "any free one")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
