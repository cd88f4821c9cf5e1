"""A Whisper of true shape that always says the same thirteen tokens: for cost, not for text.

Every matrix has the size that it has in OpenAI's models, so encoding and decoding cost what they
cost there. What attention and feed-forward layers of the decoder compute is multiplied by zero, so
each token leads to the next by the output projection alone, with a probability near one.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from ctranslate2.specs import WhisperSpec
from numpy.typing import NDArray

_BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"
_VOCABULARY = 51_865
_TOKENS = 13
_TOKENS_PER_WORD = 3
"""Thirteen words in a second would not be believed; five are."""
_CERTAINTY = 30.0
"""By how much the next token's logit exceeds the others'."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions of a Whisper model."""

    width: int
    heads: int
    layers: int
    mels: int = 80
    decoder_layers: int | None = None


TINY, BASE = Shape(384, 6, 4), Shape(512, 8, 6)
LARGE_V3_TURBO = Shape(1280, 20, 32, mels=128, decoder_layers=4)


def save_chain_whisper(folder: Path, shape: Shape) -> Path:
    """Write a model folder that faster-whisper loads; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens: list[str] = json.loads((_BUNDLED / "vocabulary.json").read_text())
    tokens += [f"<filler{number}>" for number in range(_VOCABULARY - len(tokens))]
    (folder / "tokenizer.json").write_bytes((_BUNDLED / "tokenizer.json").read_bytes())
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.mels}))
    spec = _spec(shape, _chain(tokens))
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [[(shape.decoder_layers or shape.layers) - 1, 0]]
    spec.validate()
    spec.save(str(folder))
    return folder


def _chain(tokens: list[str]) -> list[int]:
    end = tokens.index("<|endoftext|>")
    begin_word = [n for n in range(end) if tokens[n][:1] == "Ġ" and tokens[n][1:].isalpha()]
    go_on = [n for n in range(end) if tokens[n].isascii() and tokens[n].isalpha()]
    said = [(go_on if n % _TOKENS_PER_WORD else begin_word)[n + 1] for n in range(_TOKENS)]
    return [tokens.index("<|notimestamps|>"), *said, end]


def _spec(shape: Shape, chain: list[int]) -> WhisperSpec:
    random, width = np.random.default_rng(0), shape.width
    layers = shape.decoder_layers or shape.layers

    def weights(*size: int) -> Floats:
        return (random.standard_normal(size) * 0.05).astype(np.float32)

    def fill(part: object, rows: int, columns: int, *, scale: float = 1.0) -> None:
        part.weight = weights(rows, columns) * np.float32(scale)  # type: ignore[attr-defined]
        part.bias = np.zeros(rows, np.float32)  # type: ignore[attr-defined]

    def norm(part: object) -> None:
        part.gamma, part.beta = np.ones(width, np.float32), np.zeros(width, np.float32)  # type: ignore[attr-defined]

    spec = WhisperSpec(shape.layers, shape.heads, layers, shape.heads)
    spec.encoder.conv1.weight, spec.encoder.conv1.bias = (
        weights(width, shape.mels, 3),
        np.zeros(width, np.float32),
    )
    spec.encoder.conv2.weight, spec.encoder.conv2.bias = (
        weights(width, width, 3),
        np.zeros(width, np.float32),
    )
    spec.encoder.position_encodings.encodings = weights(1500, width)
    spec.decoder.position_encodings.encodings = np.zeros((448, width), np.float32)
    embeddings = weights(_VOCABULARY, width)
    projection = weights(_VOCABULARY, width) * np.float32(0.1)
    for token, following in pairwise(chain):
        row = embeddings[token]
        projection[following] = (row - row.mean()) / row.std() * (_CERTAINTY / width)
    spec.decoder.embeddings.weight, spec.decoder.projection.weight = embeddings, projection
    norm(spec.encoder.layer_norm)
    norm(spec.decoder.layer_norm)
    for deaf, layer in [(1.0, one) for one in spec.encoder.layer] + [
        (0.0, one) for one in spec.decoder.layer
    ]:
        fill(layer.self_attention.linear[0], 3 * width, width)
        fill(layer.self_attention.linear[1], width, width, scale=deaf)
        norm(layer.self_attention.layer_norm)
        fill(layer.ffn.linear_0, 4 * width, width)
        fill(layer.ffn.linear_1, width, 4 * width, scale=deaf)
        norm(layer.ffn.layer_norm)
    for layer in spec.decoder.layer:
        fill(layer.attention.linear[0], width, width)
        fill(layer.attention.linear[1], 2 * width, width)
        fill(layer.attention.linear[2], width, width, scale=0)
        norm(layer.attention.layer_norm)
    return spec
