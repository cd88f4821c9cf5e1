"""The table of models: every kind in columns, every outcome in a sentence."""

from pathlib import Path

import pytest

from models.catalog import any_model
from voice_server.commands.model_table import as_sentence, as_table, described

pytestmark = pytest.mark.pure


def test_a_model_for_machines() -> None:
    assert described(any_model("small"), Path("/models/small")) == {
        "kind": "asr",
        "name": "small",
        "source": "Systran/faster-whisper-small",
        "size_bytes": 486_000_000,
        "languages": ["*"],
        "licence": "MIT",
        "path": "/models/small",
    }
    assert described(any_model("de_DE-thorsten-medium"), None)["languages"] == ["de-DE"]
    assert described(any_model("Qwen/Qwen3-8B-AWQ"), None)["kind"] == "llm"


def test_columns_stand_under_their_heads() -> None:
    names = ("small", "en_US-lessac-medium", "Qwen/Qwen3-8B-AWQ", "owner/unknown-size")
    table = as_table([described(any_model(name), Path("here")) for name in names]).splitlines()
    column = table[0].index("licence")
    assert [line[column - 2 : column] for line in table] == ["  "] * 5
    assert "486 MB" in table[1]
    assert "all" in table[1]
    assert "?" in table[4]
    assert table[4].endswith("here")


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ({"name": "a", "path": "/a"}, "a is at /a"),
        ({"name": "a", "error": "No."}, "voice-server: No."),
        ({"name": "a", "freed_bytes": 0}, "a is not here."),
        ({"name": "a", "freed_bytes": 2000}, "a is gone: 2 kB are free again."),
        ({"name": "a", "state": "intact", "damaged": []}, "a is intact."),
        ({"name": "a", "state": "missing"}, "a is missing."),
        (
            {"name": "a", "state": "unknown", "damaged": []},
            "a is here, but nobody says what its files should be.",
        ),
    ],
)
def test_outcomes_are_sentences(result: dict[str, object], sentence: str) -> None:
    assert as_sentence(result) == sentence


def test_damage_comes_with_its_remedy() -> None:
    sentence = as_sentence({"name": "a", "state": "damaged", "damaged": ["x.bin"]})
    assert "x.bin differ" in sentence
    assert "models remove a" in sentence
