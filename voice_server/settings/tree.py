"""The whole tree of settings."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from voice_server.settings.auth import AuthSettings
from voice_server.settings.budgets import BudgetSettings
from voice_server.settings.engines import AsrSettings, LlmSettings, ModelSettings, TtsSettings
from voice_server.settings.limits import LimitSettings
from voice_server.settings.phone import PhoneSettings
from voice_server.settings.realtime import RealtimeSettings
from voice_server.settings.rest import RestSettings
from voice_server.settings.server import LogSettings, ServerSettings
from voice_server.settings.store import StoreSettings
from voice_server.settings.telemetry import TelemetrySettings
from voice_server.settings.tools import ToolSettings
from voice_server.settings.transcripts import TranscriptSettings
from voice_server.settings.turn import TurnSettings
from voice_server.settings.wyoming import WyomingSettings

ENVIRONMENT_PREFIX = "VOICE_SERVER_"


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    asr: AsrSettings = AsrSettings()
    llm: LlmSettings = LlmSettings()
    tts: TtsSettings = TtsSettings()
    turn: TurnSettings = TurnSettings()
    tools: ToolSettings = ToolSettings()
    limits: LimitSettings = LimitSettings()
    budgets: BudgetSettings = BudgetSettings()
    store: StoreSettings = StoreSettings()
    rest: RestSettings = RestSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    phone: PhoneSettings = PhoneSettings()
    models: ModelSettings = ModelSettings()
    logs: LogSettings = LogSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    transcripts: TranscriptSettings = TranscriptSettings()
    wyoming: WyomingSettings = WyomingSettings()
