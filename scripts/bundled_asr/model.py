"""Whisper's architecture in a size of 4.8 million parameters (Radford et al. 2022, section 2.2).

Two additions serve the training and are left behind at export: a phoneme head on the encoder, and
the attention of two decoder heads handed out, so that it can be guided to the audio of each word.

The engine pads every window to 30 seconds: 1500 encoder positions, most of them silent. Positions
from 512 on share one position vector, so the silent ones among them stay equal through all layers,
and n equal keys weigh as much as one key with log n added to its attention score. One stand-in is
therefore exact for two thirds of the padding; the silent positions before 512 differ a little, and
a few are drawn at random to stand for all. Half of the batches see these stand-ins, so that one
model serves full and trimmed windows, for next to no cost.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .features import MELS

PADDING_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model."""

    vocabulary: int
    phonemes: int
    width: int = 192
    heads: int = 3
    encoder_layers: int = 4
    decoder_layers: int = 4
    guided_layer: int = 1
    guided_heads: int = 2
    positions: int = 1500
    distinct_positions: int = 512
    tokens_max: int = 448


def sinusoids(count: int, width: int, distinct: int) -> Tensor:
    """Whisper's position vectors, shape (count, width); later ones repeat the last distinct one."""
    rates = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(count).clamp(max=distinct - 1)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def split_heads(states: Tensor, heads: int) -> Tensor:
    """(B, T, width) to (B, heads, T, width / heads)."""
    batch, length, width = states.shape
    return states.view(batch, length, heads, width // heads).transpose(1, 2)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Attention of split heads; returns (B, T, width) and the weights.

    Written out, because its backward pass in bfloat16 is faster on CPUs than the fused kernel's.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    weights = (scores if bias is None else scores + bias).softmax(-1)
    mixed = (weights @ value).transpose(1, 2)
    return mixed.reshape(*mixed.shape[:2], -1), weights


class SelfAttention(nn.Module):
    """Attention of a sequence to itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)

    def forward(self, states: Tensor, bias: Tensor | None) -> Tensor:
        """(B, T, width) to the same; `bias` is added to the scores."""
        parts = self.query_key_value(states).chunk(3, dim=-1)
        query, key, value = (split_heads(part, self.heads) for part in parts)
        return self.out(attend(query, key, value, bias)[0])


class CrossAttention(nn.Module):
    """Attention of the text to the audio."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.width, shape.width)
        self.key_value = nn.Linear(shape.width, 2 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)

    def forward(self, states: Tensor, audio: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, L, width) over (B, T, width); returns the states and the weights (B, heads, L, T)."""
        query = split_heads(self.query(states), self.heads)
        key, value = (
            split_heads(part, self.heads) for part in self.key_value(audio).chunk(2, dim=-1)
        )
        mixed, weights = attend(query, key, value, bias)
        return self.out(mixed), weights


class FeedForward(nn.Module):
    """The two linear layers that end every block."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.up = nn.Linear(shape.width, 4 * shape.width)
        self.down = nn.Linear(4 * shape.width, shape.width)

    def forward(self, states: Tensor) -> Tensor:
        """Applies to each position alone."""
        return self.down(F.gelu(self.up(states)))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised before and added after."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = SelfAttention(shape)
        self.forward_norm = nn.LayerNorm(shape.width)
        self.feed_forward = FeedForward(shape)

    def forward(self, states: Tensor, bias: Tensor | None) -> Tensor:
        """(B, T, width) to the same."""
        states = states + self.attention(self.attention_norm(states), bias)
        return states + self.feed_forward(self.forward_norm(states))


class DecoderLayer(nn.Module):
    """Self-attention, attention to the audio, feed-forward."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = SelfAttention(shape)
        self.cross_norm = nn.LayerNorm(shape.width)
        self.cross = CrossAttention(shape)
        self.forward_norm = nn.LayerNorm(shape.width)
        self.feed_forward = FeedForward(shape)

    def forward(
        self, states: Tensor, audio: Tensor, future: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """(B, L, width) to the same, and the attention to the audio (B, heads, L, T)."""
        states = states + self.attention(self.attention_norm(states), future)
        mixed, weights = self.cross(self.cross_norm(states), audio, bias)
        states = states + mixed
        return states + self.feed_forward(self.forward_norm(states)), weights


class Encoder(nn.Module):
    """Features to audio states, one for each 20 ms."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.narrow = nn.Conv1d(MELS, shape.width, 3, padding=1)
        self.halve = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        table = sinusoids(shape.positions, shape.width, shape.distinct_positions)
        self.register_buffer("places", table)
        self.layers = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoder_layers))
        self.norm = nn.LayerNorm(shape.width)
        self.phoneme = nn.Linear(shape.width, shape.phonemes)

    def forward(self, features: Tensor, is_full: bool) -> tuple[Tensor, Tensor | None]:
        """(B, 80, 2T) to (B, T, width).

        With `is_full`, stand-ins for the padding follow the T states, and their bias comes with
        them: (T + stand-ins), to be added to every attention score.
        """
        states = self.embed(features) + self.places[: features.shape[-1] // 2]
        bias = None
        if is_full:
            padding, bias = self.padding(states.shape[1])
            states = torch.cat([states, padding.expand(len(states), -1, -1)], dim=1)
        for layer in self.layers:
            states = layer(states, bias)
        return self.norm(states), bias

    def embed(self, features: Tensor) -> Tensor:
        """The two convolutions: (B, 80, 2T) to (B, T, width)."""
        return F.gelu(self.halve(F.gelu(self.narrow(features)))).transpose(1, 2)

    def padding(self, length: int) -> tuple[Tensor, Tensor]:
        """Stand-ins for the positions from `length` to the end of a full window, and the bias."""
        shape = self.shape
        silence = self.embed(self.places.new_zeros(1, MELS, 16))[:, 4:5]
        near = shape.distinct_positions - length
        sampled = length + torch.randperm(near)[:PADDING_SAMPLES]
        places = self.places[torch.cat([sampled, torch.tensor([shape.positions - 1])])]
        far = math.log(shape.positions - shape.distinct_positions)
        counts = [0.0] * length + [math.log(near / len(sampled))] * len(sampled) + [far]
        return silence + places, torch.tensor(counts)


class Decoder(nn.Module):
    """Tokens so far and audio states to the next token."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        table = sinusoids(shape.tokens_max, shape.width, shape.tokens_max)
        self.places = nn.Parameter(0.1 * table)
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.norm = nn.LayerNorm(shape.width)
        nn.init.normal_(self.embedding.weight, std=0.05)

    def forward(self, tokens: Tensor, audio: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, L) over (B, T, width): states (B, L, width), guided attention (B, guided, L, T)."""
        states = self.embedding(tokens) + self.places[: tokens.shape[1]]
        future = torch.full((tokens.shape[1],) * 2, -1e4).triu(1)
        guided = states
        for number, layer in enumerate(self.layers):
            states, weights = layer(states, audio, future, bias)
            if number == self.shape.guided_layer:
                guided = weights[:, : self.shape.guided_heads]
        return self.norm(states), guided

    def logits(self, states: Tensor) -> Tensor:
        """Scores of all tokens, by the embedding itself."""
        return F.linear(states, self.embedding.weight)


class Recogniser(nn.Module):
    """Encoder and decoder."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        self.decoder = Decoder(shape)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
