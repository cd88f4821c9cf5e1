"""The engines: which ones, where their models come from, and how long they are waited for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from models.load import LoadLimits
from voice_server.settings.section import Milliseconds, Port, Seconds, Section


class ScriptedAsrSettings(Section):
    """The recogniser that reads from a list (tests, load runs)."""

    texts: tuple[str, ...] = ("Tell me a story.",)
    partial_ms: Milliseconds = 20
    final_ms: Milliseconds = 60


class AsrSettings(Section):
    """Speech recognition."""

    engine: str = "auto"
    """`auto`, `bundled`, `pocketsphinx`, `scripted`, a faster-whisper model name, a directory, or
    the base URL of a server with OpenAI's `/v1/audio/transcriptions`."""
    model: str = "whisper-1"
    """Its name at such a server."""
    api_key: str = Field(default="", repr=False)
    """For such a server."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto`: a GPU where there is one."""
    gpus: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Numbers of the GPUs to use, with one worker each; empty: all of them."""
    compute_type: str = "auto"
    """In CTranslate2's words; `auto`: float16 on a GPU, int8 on a CPU."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Decodes that may run at once on a CPU."""
    processes: bool | None = None
    """Decode in processes of their own, each with its copy of the model; unset: where there are
    several workers, or GPUs."""
    batch_max: Annotated[int, Field(ge=1, le=256)] | None = None
    """Decodes of several speakers in one call; unset: 8 on a CPU, 32 on a GPU."""
    jobs_max: Annotated[int, Field(ge=1, le=10_000)] = 512
    """Decodes that may wait for a worker."""
    utterances_max: Annotated[int, Field(ge=1, le=64)] = 8
    """For pocketsphinx: people who may speak at once; each takes a process of 140 MB."""
    beam_size: Annotated[int, Field(ge=1, le=10)] = 1
    """For finals; partials are always greedy."""
    language: str | None = None
    """BCP 47 primary tag; unset lets a multilingual model detect it."""
    languages: tuple[str, ...] = ()
    """Where the language is detected: choose among these; empty: among all."""
    partial_interval_ms: Annotated[int, Field(ge=100, le=5000)] = 300
    """Between two partials of one speaker when the workers have time; grows with their load."""
    partial_deadline_s: Seconds = 2.0
    """A partial that waits longer for a worker is dropped."""
    final_deadline_s: Seconds = 10.0
    stall_s: Annotated[float, Field(ge=0.5)] = 5.0
    """A worker process that does not answer for so long, and for four times the slowest of its last
    calls, is ended and started again."""
    busy_share: Annotated[float, Field(gt=0, le=1)] = 0.65
    """What part of the workers' time may be taken before partials slow down."""
    wait_ms_max: Annotated[int, Field(ge=1)] = 300
    """Newcomers are refused when finals wait longer than this (95th percentile of ten seconds)."""
    window_margin_ms: Annotated[int, Field(ge=0, le=20_000)] = 2560
    """Silence after the audio that a stock Whisper needs to stay calm in a short window."""
    scripted: ScriptedAsrSettings = ScriptedAsrSettings()

    @property
    def load_limits(self) -> LoadLimits:
        """Where the load becomes too much."""
        return LoadLimits(self.busy_share, wait_ms_max=self.wait_ms_max)


class ScriptedLlmSettings(Section):
    """The language model that reads from a list (tests, load runs)."""

    texts: tuple[str, ...] = ("This is a scripted answer. It has two sentences.",)
    first_token_ms: Milliseconds = 120
    token_interval_ms: Milliseconds = 10
    tool_calls: tuple[tuple[str, str], ...] = ()
    """Names and JSON arguments of the tools it calls, if they are offered, before it answers."""
    tool_preamble: str = ""
    """What it says before it calls."""


class FallbackSettings(Section):
    """A language model to ask when the ones before it fail."""

    engine: str
    """`offline`, `anthropic:MODEL` or the base URL of an OpenAI-compatible server."""
    model: str = "auto"
    api_key: str = Field(default="", repr=False)


class VllmSettings(Section):
    """The vLLM that `llm.engine = "vllm:MODEL"` starts and supervises."""

    environment: str = ""
    """Where vLLM is installed: an environment of its own, or its `vllm` command; empty: on the
    PATH."""
    gpu_memory: Annotated[float, Field(gt=0, le=1)] = 0.6
    """Its share of the GPU; the rest is for speech recognition."""
    context_tokens: Annotated[int, Field(ge=256)] | None = None
    """Tokens of one conversation; unset: as many as its memory has room for."""
    sequences_max: Annotated[int, Field(ge=1, le=4096)] = 64
    """Replies made at once; others wait."""
    batch_tokens: Annotated[int, Field(ge=64)] = 1024
    """Tokens of prompt taken in at once: fewer keep listeners from waiting for a newcomer."""
    tool_parser: str = "auto"
    """vLLM's name of the parser of tool calls; `auto` goes by the model's name."""
    thinking: bool = False
    """Let models think before they speak, where they can."""
    port: Port = 0
    """Of 127.0.0.1; 0 takes a free one."""
    start_timeout_s: Seconds = 900.0
    health_interval_s: Annotated[float, Field(gt=0)] = 2.0
    restarts_max: Annotated[int, Field(ge=0, le=1000)] = 5
    """Within ten minutes; then it is given up."""
    stop_grace_s: Seconds = 10.0
    arguments: tuple[str, ...] = ()
    """More for the command line of `vllm serve`; `--tool-strict-level parameter` makes the
    arguments of every tool fit its schema."""


class LlmSettings(Section):
    """The language model that answers."""

    engine: str = "auto"
    """`auto`, `offline`, `scripted`, `vllm:MODEL`, `anthropic:MODEL` or the base URL of an
    OpenAI-compatible server."""
    model: str = "auto"
    """Model id at the endpoint; `auto` takes the first it lists."""
    api_key: str = Field(default="", repr=False)
    system_prompt: str = Field(
        default=(
            "You are a helpful voice assistant. Your words are spoken aloud, so answer in one to "
            "three short sentences of plain text, without lists, markup or emoji."
        ),
        repr=False,
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=32768)] = 512
    history_bytes_max: Annotated[int, Field(ge=1024)] = 32_768
    """Oldest turns leave the prompt beyond this many bytes of text."""
    connect_timeout_s: Seconds = 2.0
    first_token_timeout_s: Seconds = 10.0
    token_timeout_s: Seconds = 10.0
    total_timeout_s: Seconds = 60.0
    disable_thinking: bool = False
    """Ask the endpoint for answers without thinking (Qwen and its like)."""
    warm_prefix: Literal["auto", "always", "never"] = "auto"
    """Send the prompt ahead when the user begins to speak, so that the endpoint has it cached;
    `auto`: not over https, where tokens usually cost money."""
    anthropic_url: str = "https://api.anthropic.com/v1"
    """Where `anthropic:MODEL` is asked."""
    fallbacks: tuple[FallbackSettings, ...] = ()
    """Asked in this order when the engine fails before its first word; tables of `engine`, `model`
    and `api_key`."""
    breaker_failures_max: Annotated[int, Field(ge=1, le=100)] = 3
    """Failures in a row after which a language model that has fallbacks is left alone."""
    breaker_rest_s: Seconds = 20.0
    """How long it is left alone."""
    streams_max: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Replies that may be streamed from the endpoint at once."""
    tool_calls_max: Annotated[int, Field(ge=1, le=128)] = 16
    """Tools that one reply may call."""
    tool_arguments_bytes_max: Annotated[int, Field(ge=1024)] = 65_536
    """Arguments that one reply may write, all its calls together."""
    greeting: str = Field(default="", repr=False)
    """Spoken when a conversation begins; empty: the user begins."""
    apology: str = Field(default="Sorry, I can't think of an answer right now.", repr=False)
    """Spoken when the language model fails before its first word."""
    vllm: VllmSettings = VllmSettings()
    scripted: ScriptedLlmSettings = ScriptedLlmSettings()


class ScriptedTtsSettings(Section):
    """The voice that hums (tests, load runs)."""

    first_chunk_ms: Milliseconds = 60
    char_ms: Annotated[int, Field(ge=1, le=1000)] = 60
    """Milliseconds of audio per character of text."""


class TtsSettings(Section):
    """Speech synthesis."""

    engine: str = "auto"
    """`auto`, `espeak`, `scripted`, a Piper voice name (`en_US-lessac-medium`), an `.onnx` file, or
    the base URL of a server with OpenAI's `/v1/audio/speech`."""
    model: str = "tts-1"
    """Its name at such a server."""
    api_key: str = Field(default="", repr=False)
    """For such a server."""
    voice: str | None = None
    """A voice of the engine; unset takes its default."""
    voices: tuple[str, ...] = ()
    """More Piper voices for sessions and replies to choose from, names or `.onnx` files, loaded
    when they are asked for; `name#speaker` is one speaker of many."""
    voices_bytes_max: Annotated[int, Field(ge=0)] = 1_073_741_824
    """Files of these that are kept loaded; whichever was silent for longest leaves first."""
    pronunciations: Mapping[str, str] = Field(default_factory=dict)
    """What to say for a written word: whole words, in any case."""
    device: Literal["cpu", "cuda"] = "cpu"
    """For Piper; `cuda` needs onnxruntime-gpu."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    workers: Annotated[int, Field(ge=1, le=64)] | None = None
    """Sentences that Piper may make at once, in threads of their own; unset: on a CPU they share
    the places of `asr.workers` with the recogniser, the most urgent first, else 2."""
    sentence_deadline_s: Seconds = 10.0
    """A sentence that waits longer for a place is given up, and the reply goes on as text."""
    chunk_timeout_s: Annotated[float, Field(gt=0)] = 12.0
    """A voice that makes nothing for so long has failed: the reply goes on as text. Waiting for a
    place counts, so it is longer than `sentence_deadline_s`."""
    reply_s_max: Annotated[int, Field(ge=1, le=600)] = 60
    """Seconds of audio one reply may have."""
    phrases_bytes_max: Annotated[int, Field(ge=0)] = 8_388_608
    """Audio of short clauses that is kept, so that they can be said again at once; 0 none."""
    scripted: ScriptedTtsSettings = ScriptedTtsSettings()


class ModelSettings(Section):
    """Where models come from."""

    offline: bool = False
    """Never touch a model hub."""
    cache_dir: Path | None = None
    """Unset: the usual caches of Hugging Face and, for voices, `~/.cache/voice-server`."""
    turn_model: Path | None = None
    """An end-of-turn model to plug in: an ONNX file with the interface of smart-turn v3."""
    hub_timeout_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    memory_check: bool = True
    """Refuse, before anything is loaded, what was asked for by name and does not fit into the
    memory that is free; `false` tries it even so."""
