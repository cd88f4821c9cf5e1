"""From PyTorch weights to a CTranslate2 directory in int8, without a detour through transformers.

The directory is what faster-whisper loads: `model.bin`, `config.json` and `vocabulary.json` from
CTranslate2, `tokenizer.json` and `preprocessor_config.json` beside them. What the training alone
needed (phoneme head, guided attention) stays behind.
"""

import json
import shutil
from pathlib import Path

import numpy as np
from ctranslate2.specs import WhisperSpec, attention_spec, common_spec, transformer_spec
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from . import features
from .model import CrossAttention, DecoderLayer, EncoderLayer, Recogniser, SelfAttention
from .tokenizer import LONE_SPACE

PREPROCESSOR = {
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": features.MELS,
    "sampling_rate": features.EXTRACTOR.sampling_rate,
    "hop_length": features.EXTRACTOR.hop_length,
    "n_fft": features.EXTRACTOR.n_fft,
    "chunk_length": features.WINDOW_SECONDS,
    "nb_max_frames": features.FRAMES_MAX,
}


def export(net: Recogniser, tokenizer_path: Path, folder: Path) -> None:
    """Write the model directory."""
    shape = net.shape
    spec = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    fill_encoder(spec.encoder, net)
    fill_decoder(spec.decoder, net)
    vocabulary = Tokenizer.from_file(str(tokenizer_path)).get_vocab()  # token to number
    spec.register_vocabulary(sorted(vocabulary, key=vocabulary.__getitem__))
    spec.config.suppress_ids = []
    # Whisper forbids an empty answer here; silence should give one, so only the space is listed.
    spec.config.suppress_ids_begin = [vocabulary[LONE_SPACE]]
    spec.config.alignment_heads = [[shape.guided_layer, head] for head in range(shape.guided_heads)]
    spec.config.lang_ids = []
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    shutil.copy(tokenizer_path, folder / "tokenizer.json")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=1))


def fill_encoder(spec: transformer_spec.TransformerEncoderSpec, net: Recogniser) -> None:
    """Everything before the text."""
    encoder = net.encoder
    fill(spec.conv1, encoder.narrow)
    fill(spec.conv2, encoder.halve)
    spec.position_encodings.encodings = array(encoder.places)
    fill_norm(spec.layer_norm, encoder.norm)
    for layer_spec, layer in zip(spec.layer, encoder.layers, strict=True):
        fill_common(layer_spec, layer)


def fill_decoder(spec: transformer_spec.TransformerDecoderSpec, net: Recogniser) -> None:
    """Everything that writes text."""
    decoder = net.decoder
    spec.scale_embeddings = False
    spec.embeddings.weight = spec.projection.weight = array(decoder.embedding.weight)
    spec.position_encodings.encodings = array(decoder.places)
    fill_norm(spec.layer_norm, decoder.norm)
    for layer_spec, layer in zip(spec.layer, decoder.layers, strict=True):
        fill_common(layer_spec, layer)
        fill_norm(layer_spec.attention.layer_norm, layer.cross_norm)
        fill_cross(layer_spec.attention, layer.cross)


def fill_common(
    spec: transformer_spec.TransformerEncoderLayerSpec, layer: EncoderLayer | DecoderLayer
) -> None:
    """Self-attention and feed-forward, alike on both sides."""
    fill_norm(spec.self_attention.layer_norm, layer.attention_norm)
    fill_self(spec.self_attention, layer.attention)
    fill_norm(spec.ffn.layer_norm, layer.forward_norm)
    fill(spec.ffn.linear_0, layer.feed_forward.up)
    fill(spec.ffn.linear_1, layer.feed_forward.down)


def fill_self(spec: attention_spec.MultiHeadAttentionSpec, attention: SelfAttention) -> None:
    """Query, key and value in one matrix. Whisper has no key bias: it cancels in the softmax."""
    fill(spec.linear[0], attention.query_key_value)
    width = attention.out.in_features
    spec.linear[0].bias[width : 2 * width] = 0
    fill(spec.linear[1], attention.out)


def fill_cross(spec: attention_spec.MultiHeadAttentionSpec, attention: CrossAttention) -> None:
    """Query alone, key and value in one matrix."""
    fill(spec.linear[0], attention.query)
    fill(spec.linear[1], attention.key_value)
    fill(spec.linear[2], attention.out)


def fill(spec: common_spec.LinearSpec, layer: nn.Linear | nn.Conv1d) -> None:
    """Weight and bias."""
    spec.weight, spec.bias = array(layer.weight), array(layer.bias)


def fill_norm(spec: common_spec.LayerNormSpec, layer: nn.LayerNorm) -> None:
    """Scale and shift."""
    spec.gamma, spec.beta = array(layer.weight), array(layer.bias)


def array(tensor: Tensor) -> NDArray[np.float32]:
    """A copy that CTranslate2 may own."""
    return tensor.detach().float().numpy().copy()
