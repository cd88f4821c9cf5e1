"""Every setting in one typed tree: TOML file < environment < command line.

A key that does not exist is refused with the nearest name, a value out of range with its range.
Environment variables are `VOICE_SERVER_SECTION__KEY`. Units are the last word of a name.
"""

from voice_server.settings.auth import AuthSettings, JwtSettings
from voice_server.settings.budgets import BudgetSettings
from voice_server.settings.engines import AsrSettings, LlmSettings, ModelSettings, TtsSettings
from voice_server.settings.errors import SettingsError
from voice_server.settings.limits import LimitSettings
from voice_server.settings.loading import Tree, assigned, load, patched
from voice_server.settings.phone import PhoneSettings
from voice_server.settings.realtime import RealtimeSettings
from voice_server.settings.rest import RestSettings
from voice_server.settings.server import LogSettings, ServerSettings
from voice_server.settings.store import StoreSettings
from voice_server.settings.telemetry import TelemetrySettings
from voice_server.settings.tools import ToolSettings
from voice_server.settings.transcripts import TranscriptSettings
from voice_server.settings.tree import ENVIRONMENT_PREFIX, Settings
from voice_server.settings.turn import TurnSettings
from voice_server.settings.wyoming import WyomingSettings

__all__ = [
    "ENVIRONMENT_PREFIX",
    "AsrSettings",
    "AuthSettings",
    "BudgetSettings",
    "JwtSettings",
    "LimitSettings",
    "LlmSettings",
    "LogSettings",
    "ModelSettings",
    "PhoneSettings",
    "RealtimeSettings",
    "RestSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "StoreSettings",
    "TelemetrySettings",
    "ToolSettings",
    "TranscriptSettings",
    "Tree",
    "TtsSettings",
    "TurnSettings",
    "WyomingSettings",
    "assigned",
    "load",
    "patched",
]
