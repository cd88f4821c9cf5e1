"""A multilingual Whisper of the newest shape (128 mel bands) and random weights: it says nonsense.

For what a model's text cannot show: prompts, languages and windows of real checkpoints.
"""

import json
from pathlib import Path

import numpy as np
from ctranslate2.specs import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from numpy.typing import NDArray

_BUNDLED = Path(__file__).parents[2] / "models" / "assets" / "bundled-asr"
_WIDTH, _HEADS, _LAYERS, _MELS = 64, 2, 2, 128


def save_tiny_whisper(folder: Path) -> Path:
    """Write a model folder that faster-whisper loads; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = json.loads((_BUNDLED / "vocabulary.json").read_text())
    place = vocabulary.index("<|startoftranscript|>") + 1
    languages = [f"<|{code}|>" for code in _LANGUAGE_CODES]
    known = [token for token in vocabulary if token not in languages]
    tokens = [*known[:place], *languages, *known[place:]]
    tokens[0] = ""  # this is how CTranslate2 knows a multilingual model
    _save_tokenizer(folder / "tokenizer.json", tokens, languages)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": _MELS}))
    spec = _random_spec(len(tokens))
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [[1, 0]]
    spec.config.lang_ids = [tokens.index(token) for token in languages]
    spec.validate()
    spec.save(str(folder))
    return folder


def _save_tokenizer(file: Path, tokens: list[str], languages: list[str]) -> None:
    tokenizer = json.loads((_BUNDLED / "tokenizer.json").read_text())
    pattern = tokenizer["added_tokens"][0]
    names = {added["content"]: None for added in tokenizer["added_tokens"]} | dict.fromkeys(
        languages
    )
    ids = {name: tokens.index(name) for name in names}
    tokenizer["added_tokens"] = sorted(
        ({**pattern, "content": name, "id": number} for name, number in ids.items()),
        key=lambda added: added["id"],
    )
    words = tokenizer["model"]["vocab"]
    words.update({name: number for name, number in ids.items() if name in words})
    file.write_text(json.dumps(tokenizer))


def _random_spec(size: int) -> WhisperSpec:
    random = np.random.default_rng(0)

    def weights(*shape: int) -> NDArray[np.float32]:
        return (random.standard_normal(shape) * 0.05).astype(np.float32)

    def fill(part: object, *shape: int) -> None:
        part.weight, part.bias = weights(*shape), np.zeros(shape[0], np.float32)  # type: ignore[attr-defined]

    def norm(part: object) -> None:
        part.gamma, part.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)  # type: ignore[attr-defined]

    spec = WhisperSpec(_LAYERS, _HEADS, _LAYERS, _HEADS)
    fill(spec.encoder.conv1, _WIDTH, _MELS, 3)
    fill(spec.encoder.conv2, _WIDTH, _WIDTH, 3)
    spec.encoder.position_encodings.encodings = weights(1500, _WIDTH)
    spec.decoder.position_encodings.encodings = weights(448, _WIDTH)
    spec.decoder.embeddings.weight = weights(size, _WIDTH)
    spec.decoder.projection.weight = weights(size, _WIDTH)
    norm(spec.encoder.layer_norm)
    norm(spec.decoder.layer_norm)
    for layer in (*spec.encoder.layer, *spec.decoder.layer):
        fill(layer.self_attention.linear[0], 3 * _WIDTH, _WIDTH)
        fill(layer.self_attention.linear[1], _WIDTH, _WIDTH)
        norm(layer.self_attention.layer_norm)
        fill(layer.ffn.linear_0, 4 * _WIDTH, _WIDTH)
        fill(layer.ffn.linear_1, _WIDTH, 4 * _WIDTH)
        norm(layer.ffn.layer_norm)
    for layer in spec.decoder.layer:
        for linear, rows in zip(layer.attention.linear, (1, 2, 1), strict=True):
            fill(linear, rows * _WIDTH, _WIDTH)
        norm(layer.attention.layer_norm)
    return spec
