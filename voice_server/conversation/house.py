"""What all sessions of one server share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audio.silero import SileroModel
from voice_server.conversation.playout import lead_ms
from voice_server.engines import Engines
from voice_server.events import SessionOptions, SessionReady
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.toolbox import ServerTool
from voice_server.transcripts.recorder import TranscriptRecorder


@dataclass(frozen=True, slots=True)
class House:
    """Settings, engines and metrics, made once at start."""

    settings: Settings
    engines: Engines
    silero: SileroModel
    """Tells voices from noises."""
    metrics: Metrics
    tools: Mapping[str, ServerTool] = field(default_factory=dict)
    """What the server can do for the language model."""
    transcripts: TranscriptRecorder | None = None
    """Writes down what is said, where the operator wants that."""

    def ready(
        self, session: str, options: SessionOptions, config: Mapping[str, object]
    ) -> SessionReady:
        """What a new session is told."""
        limits = self.settings.limits
        return SessionReady(
            session=session,
            options=options,
            config=config,
            engines={choice.role: choice.name for choice in self.engines.choices},
            limits={
                "max_frame_bytes": limits.message_bytes_max,
                "input_credit_ms": int(limits.audio_burst_s * 1000),
                "max_session_s": int(limits.session_s_max),
                "idle_timeout_s": int(limits.idle_timeout_s),
                "max_utterance_s": self.settings.turn.utterance_ms_max // 1000,
                "max_lead_ms": lead_ms(options, limits),
                "ping_interval_s": int(limits.ping_interval_s),
            },
            notices=tuple(choice.notice for choice in self.engines.choices if choice.notice),
        )
