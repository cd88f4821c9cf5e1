"""From settings to loaded engines: look around, plan, load all at once, warm up.

Looking around is cheap and never fatal: an unreachable hub costs `models.hub_timeout_s`, no more.
Everything that blocks runs in threads. An `auto` engine that cannot be fetched after all gives way
to the next best one; whatever was asked for by name fails with a `ModelError`.
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.asr import Recognizer
from models.asr.hardware import look
from models.asr.whisper_startup import places
from models.errors import ModelError
from models.hub import Hub
from models.llm import ChatModel
from models.scheduler import Scheduler
from models.tts import Synthesizer
from models.turn_model import OnnxTurnModel, TurnModel
from voice_server.engines.chat_meter import ChatMeter
from voice_server.engines.findings import look_around
from voice_server.engines.loading import Loader
from voice_server.engines.memory_check import require_memory
from voice_server.engines.plans import Findings, Plan, Role, plan_all, plan_asr, plan_tts
from voice_server.settings import Settings

logger = logging.getLogger(__name__)

VOICE_PLACES = 2
"""Sentences made at once where the recogniser has a GPU."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One engine that was chosen, for the log, the ready line and the page."""

    role: Role
    name: str
    reason: str
    notice: str = ""
    """A sentence for users, where they should know something about it."""

    def __str__(self) -> str:
        return f"{self.role}: {self.name}, because {self.reason}"


@dataclass(frozen=True, slots=True)
class Engines:
    """Everything that thinks, loaded and warm, shared by all conversations."""

    recognizer: Recognizer
    chat: ChatModel
    synthesizer: Synthesizer
    choices: tuple[Choice, ...]
    """In the order asr, llm, tts."""
    scheduler: Scheduler
    """The recogniser's places, and the voice's where both want the same cores."""
    turn_model: TurnModel | None = None
    """Hears whether a turn has ended, where one was plugged in."""
    chat_meter: ChatMeter = field(default_factory=ChatMeter)
    """What happens at the language model, to be counted by whoever attaches metrics."""
    voice_scheduler: Scheduler | None = None
    """The voice's places, where it has its own."""

    @property
    def schedulers(self) -> tuple[Scheduler, ...]:
        """Everything that hands out places."""
        return (self.scheduler, *([self.voice_scheduler] if self.voice_scheduler else []))

    async def close(self) -> None:
        """Release all of them; the schedulers last, because the others have work in them."""
        async with AsyncExitStack() as stack:
            for scheduler in self.schedulers:
                stack.push_async_callback(scheduler.close)
            for engine in (self.synthesizer, self.chat, self.recognizer):
                stack.push_async_callback(engine.close)


async def load_engines(settings: Settings, hub: Hub | None = None) -> Engines:
    """Choose, load and warm up the three engines. Raises `ModelError`.

    Every choice is logged with its reason as soon as it is loaded. Loading may include a download,
    from `hub` or else the one in the settings.
    """
    hub = hub or hub_of(settings)
    found = await look_around(settings, hub)
    plans = await _fetchable_plans(settings, found, hub)
    await require_memory(settings, plans, hub)
    scheduler, voice_scheduler = _schedulers(settings)
    meter = ChatMeter()
    loader = Loader(settings, hub, scheduler, meter, voice_scheduler=voice_scheduler)
    try:
        async with asyncio.TaskGroup() as tasks:
            ears = tasks.create_task(_load_asr(loader, settings, plans[0], found))
            llm = tasks.create_task(_load_llm(loader, plans[1]))
            tts = tasks.create_task(_load_tts(loader, settings, plans[2], found))
    except ExceptionGroup as failures:
        for one in (scheduler, voice_scheduler):
            if one:
                await one.close()
        raise failures.exceptions[0] from None
    (recognizer, heard), (chat, answered), (voice, spoken) = (
        ears.result(),
        llm.result(),
        tts.result(),
    )
    turn_model = await _load_turn_model(settings.models.turn_model)
    choices = (heard, answered, spoken)
    return Engines(recognizer, chat, voice, choices, scheduler, turn_model, meter, voice_scheduler)


def _schedulers(settings: Settings) -> tuple[Scheduler, Scheduler | None]:
    """The recogniser's places; and the voice's, unless both work on the same cores."""
    asr, tts, hardware = settings.asr, settings.tts, look()
    scheduler = Scheduler(
        places(asr.device, asr.gpus, asr.workers, hardware),
        jobs_max=asr.jobs_max,
        stall_s=asr.stall_s,
        limits=asr.load_limits,
    )
    same_cores = tts.device == "cpu" and (asr.device == "cpu" or not hardware.gpus)
    if same_cores and tts.workers is None:
        return scheduler, None
    return scheduler, Scheduler(tts.workers or VOICE_PLACES)


async def _load_turn_model(path: Path | None) -> TurnModel | None:
    if path is None:
        return None
    model = await asyncio.to_thread(OnnxTurnModel, path)
    logger.info("end of turn: %s", path.name)
    return model


def hub_of(settings: Settings) -> Hub:
    """The caches and the hub that the settings speak of."""
    return Hub(
        cache_dir=settings.models.cache_dir,
        offline=settings.models.offline,
        timeout_s=settings.models.hub_timeout_s,
    )


async def _fetchable_plans(settings: Settings, found: Findings, hub: Hub) -> list[Plan]:
    """Plan as if the hub were in reach, and ask whether it is only if that matters."""
    plans = plan_all(settings, found)
    if any(plan.must_fetch for plan in plans) and (why := await hub.unreachable()):
        plans = plan_all(settings, replace(found, unreachable=why))
    return plans


async def _load_asr(
    loader: Loader, settings: Settings, plan: Plan, found: Findings
) -> tuple[Recognizer, Choice]:
    try:
        plan = await loader.fetched(plan)
    except ModelError as error:
        if settings.asr.engine != "auto":
            raise
        plan = plan_asr(settings.asr, replace(found, unreachable=_clause(error)))
    recognizer = await loader.recognizer(plan)
    return recognizer, _announced(plan, recognizer.name)


async def _load_llm(loader: Loader, plan: Plan) -> tuple[ChatModel, Choice]:
    chat, notice = await loader.chat(plan)
    return chat, _announced(replace(plan, notice=notice or plan.notice), chat.name)


async def _load_tts(
    loader: Loader, settings: Settings, plan: Plan, found: Findings
) -> tuple[Synthesizer, Choice]:
    try:
        plan = await loader.fetched(plan)
    except ModelError as error:
        if settings.tts.engine != "auto":
            raise
        plan = plan_tts(settings.tts, replace(found, unreachable=_clause(error)))
    synthesizer = await loader.synthesizer(plan)
    return synthesizer, _announced(plan, synthesizer.name)


def _announced(plan: Plan, name: str) -> Choice:
    choice = Choice(plan.role, name, plan.reason, plan.notice)
    logger.info("%s", choice)
    if choice.notice:
        logger.warning("%s", choice.notice)
    return choice


def _clause(error: ModelError) -> str:
    """A sentence as the end of another one."""
    return str(error).rstrip(".")
