"""No limit without a name to count it by, a reason in the reference, and a test that reaches it."""

import re
from pathlib import Path

import pytest

from scripts.tables import attribute_docs
from tests.support.house import ROOT
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure

LABELS = {
    "sessions_max": "sessions",
    "sessions_per_ip_max": "sessions_per_ip",
    "sessions_per_user_max": "sessions_per_user",
    "arrivals_per_s_max": "arrivals",
    "arrivals_per_s_per_ip_max": "arrivals_per_ip",
    "arrivals_per_s_local_max": "arrivals_per_ip",
    "loop_lag_ms_max": "loop_lag",
    "memory_share_max": "memory",
    "polite_refusals_per_s_max": "polite_refusals",
    "connections_max": "connections",
    "connections_per_ip_max": "connections_per_ip",
    "connections_local_max": "connections_local",
    "header_timeout_s": "header_timeout",
    "head_bytes_max": "head_bytes",
    "control_frames_per_s": "control_frames",
    "frames_per_s": "frames",
    "fragments_max": "fragments",
    "message_bytes_max": "message_bytes",
    "text_bytes_max": "text_bytes",
    "hello_timeout_s": "hello_timeout",
    "idle_timeout_s": "idle_timeout",
    "session_s_max": "max_session",
    "turns_max": "max_session",
    "bad_messages_max": "bad_messages",
    "control_messages_per_s": "control_rate",
    "cancels_per_s": "cancel_rate",
    "flood_s_max": "flood",
    "audio_burst_s": "audio_rate",
    "audio_rate_max": "audio_rate",
    "out_queue_bytes_max": "out_queue_bytes",
    "send_timeout_s": "send_timeout",
    "ping_interval_s": "ping_timeout",
}
"""What `limit_hits_total` calls each of them."""

COUNTED_ELSEWHERE = {
    "resume_s": "resumes_total",
    "journal_events_max": "resumes_total",
    "journal_bytes_max": "resumes_total",
    "journal_s_max": "resumes_total",
    "loop_stall_ms": "loop_stalls_total",
}
"""Metrics of their own."""

NEVER_HIT = {
    "keep_alive_s": "an idle connection ends, and nobody misses it",
    "idle_warning_s": "says when to warn",
    "session_warning_s": "says when to warn",
    "journal_audio_s_max": "what is older is told again without its sound",
    "lead_ms_max": "a pace: whoever is ahead waits",
}
"""Nobody is refused anything by them."""

FIELDS = tuple(LimitSettings.model_fields)
SELF = Path(__file__).name


def sources() -> str:
    """Everything that the server is made of, but its settings."""
    folder = ROOT / "voice_server"
    files = (path for path in folder.rglob("*.py") if path.parent.name != "settings")
    return "\n".join(path.read_text() for path in files)


@pytest.fixture(scope="module")
def code() -> str:
    return sources()


@pytest.fixture(scope="module")
def tests() -> str:
    files = (path for path in (ROOT / "tests").rglob("*.py") if path.name != SELF)
    return "\n".join(path.read_text() for path in files)


def test_every_limit_is_in_one_of_the_lists() -> None:
    listed = [*LABELS, *COUNTED_ELSEWHERE, *NEVER_HIT]
    assert sorted(listed) == sorted(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_limit_is_obeyed_explained_and_tested(field: str, code: str, tests: str) -> None:
    named = re.compile(rf"\b{field}\b")
    assert named.search(code), f"nothing in voice_server reads limits.{field}"
    assert named.search(tests), f"no test sets limits.{field}"
    assert attribute_docs(LimitSettings).get(field), f"limits.{field} has no docstring"


@pytest.mark.parametrize("label", sorted(set(LABELS.values())))
def test_a_label_is_counted_somewhere(label: str, code: str) -> None:
    spelled = {f'"{label}"', f"{label.upper()} = "}
    assert any(spelling in code for spelling in spelled), f"nobody counts {label}"


@pytest.mark.parametrize("metric", sorted(set(COUNTED_ELSEWHERE.values())))
def test_a_metric_of_its_own_is_there(metric: str, code: str) -> None:
    assert f'"{metric}"' in code
