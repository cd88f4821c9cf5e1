"""Settings that belong together, chosen with one word: `server.profile`.

A profile stands below everything that the operator says himself, and above the defaults.
"""

from collections.abc import Mapping
from typing import Any, Literal

Profile = Literal["none", "kiosk"]

PROFILES: Mapping[Profile, dict[str, Any]] = {
    "none": {},
    "kiosk": {
        "turn": {
            "wake_phrases": ("hey computer", "okay computer"),
            "half_duplex": "auto",
            "onset_ms": 80,
        },
        "limits": {"idle_timeout_s": 0.0, "session_s_max": 86_400.0},
    },
}
"""`kiosk`: devices that stand in a room all day, and are called by name."""
