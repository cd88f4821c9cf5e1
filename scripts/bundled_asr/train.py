"""The three trainings: the encoder on phonemes, the decoder on the frozen encoder, both together.

A decoder learns nothing before the encoder hears something, so the encoder goes first, on the
cheap and dense task of naming the phoneme of every 20 ms. Then the decoder learns alone from a
buffer of encoded batches: encoding is the dearer half, and each encoded batch is used more than
once. A short training of both at a low rate ends it. What is kept is a moving average of the
weights.
"""

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from .model import Recogniser
from .plan import Plan
from .progress import Progress
from .targets import IGNORED, Batch, Batches

WARM_UP_STEPS = 300
LAST_RATE_SHARE = 0.02
PHONEME_WEIGHT = 0.4
GUIDE_WEIGHT = 0.15
GUIDE_MARGIN = 1
LABEL_SMOOTHING = 0.05
GRADIENT_MAX = 1.0
AVERAGE_DECAY = 0.997
NEWEST_SHARE = 0.3

Losses = dict[str, Tensor]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch and what the frozen encoder made of it."""

    batch: Batch
    audio: Tensor
    bias: Tensor | None


def train_encoder(net: Recogniser, batches: Batches, plan: Plan) -> None:
    """Phase one: the encoder alone, on phonemes."""

    def losses(batch: Batch) -> Losses:
        audio, _ = net.encoder(batch.features, batch.is_full)
        return {"phoneme": phoneme_loss(net, audio, batch)}

    stream, progress = loaded(batches), Progress("encoder", plan.encoder_steps)
    optimise(net.encoder, stream, losses, plan.encoder_rate, progress)


def train_decoder(net: Recogniser, batches: Batches, plan: Plan) -> None:
    """Phase two: the decoder alone, on what the finished encoder hears."""

    def losses(encoded: Encoded) -> Losses:
        return text_losses(net, encoded.audio.float(), encoded.bias, encoded.batch)

    stream, progress = replayed(net, batches, plan), Progress("decoder", plan.decoder_steps)
    optimise(net.decoder, stream, losses, plan.decoder_rate, progress)


def train_jointly(net: Recogniser, batches: Batches, plan: Plan) -> None:
    """Phase three: everything, at a low rate."""

    def losses(batch: Batch) -> Losses:
        audio, bias = net.encoder(batch.features, batch.is_full)
        phoneme = PHONEME_WEIGHT * phoneme_loss(net, audio, batch)
        return {**text_losses(net, audio, bias, batch), "phoneme": phoneme}

    stream, progress = loaded(batches), Progress("joint", plan.joint_steps)
    optimise(net, stream, losses, plan.joint_rate, progress)


def loaded(batches: Batches) -> Iterable[Batch]:
    """The batches in order, made by a process beside the training."""
    return DataLoader(batches, batch_size=None, sampler=count(), num_workers=1, prefetch_factor=8)


def replayed(net: Recogniser, batches: Batches, plan: Plan) -> Iterator[Encoded]:
    """Encoded batches from a buffer of the newest; one in `fresh_every` is added to it."""
    rng = random.Random(plan.seed)
    buffer: deque[Encoded] = deque(maxlen=plan.replay_batches)
    for batch in loaded(batches):
        buffer.append(encoded(net, batch))
        for _ in range(plan.fresh_every):
            yield buffer[-1] if rng.random() < NEWEST_SHARE else rng.choice(buffer)


@torch.no_grad()
def encoded(net: Recogniser, batch: Batch) -> Encoded:
    """Run the frozen encoder; half precision, because the buffer is large."""
    with half_precision():
        audio, bias = net.encoder(batch.features, batch.is_full)
    return Encoded(text_only(batch), audio.bfloat16(), bias)


def text_only(batch: Batch) -> Batch:
    """What the decoder needs, copied: a tensor from another process keeps a file open."""
    nothing = torch.empty(0)
    texts = (batch.inputs.clone(), batch.outputs.clone(), batch.stretches.clone())
    return Batch(nothing, nothing, *texts, batch.is_full)


def half_precision() -> torch.autocast:
    """bfloat16 where the processor has instructions for it; elsewhere it would be slower."""
    can = torch.cpu.get_capabilities()
    has_instructions = bool(can.get("avx512_bf16") or can.get("amx_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=has_instructions)


def optimise(
    trained: nn.Module,
    stream: Iterable[Item],
    losses: Callable[[Item], Losses],
    rate: float,
    progress: Progress,
) -> None:
    """Minimise the sum of the losses; at the end `trained` holds the moving average."""
    optimiser = torch.optim.AdamW(
        trained.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    average = AveragedModel(trained, avg_fn=moving_average)
    for step, item in zip(range(progress.steps), stream, strict=False):
        set_rate(optimiser, rate * schedule(step, progress.steps))
        with half_precision():
            parts = losses(item)
        torch.stack(list(parts.values())).sum().backward()
        if torch.isfinite(nn.utils.clip_grad_norm_(trained.parameters(), GRADIENT_MAX)):
            optimiser.step()
        optimiser.zero_grad()
        average.update_parameters(trained)
        progress.advance({name: part.item() for name, part in parts.items()})
    trained.load_state_dict(average.module.state_dict())


def moving_average(average: Tensor, current: Tensor, count: Tensor) -> Tensor:
    """The new average; in the first steps it follows quickly, to forget where it began."""
    keep = min(AVERAGE_DECAY, (1 + int(count)) / (10 + int(count)))
    return average.lerp(current, 1 - keep)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Change the learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def schedule(step: int, steps: int) -> float:
    """The share of the rate at a step: up in a line, down in half a cosine."""
    falling = 0.5 * (1 + math.cos(math.pi * step / steps))
    return min(1.0, (step + 1) / WARM_UP_STEPS) * (
        LAST_RATE_SHARE + falling * (1 - LAST_RATE_SHARE)
    )


def phoneme_loss(net: Recogniser, audio: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of the phoneme at each position."""
    positions = batch.phonemes.shape[1]
    logits = net.encoder.phoneme(audio[:, :positions]).float()
    return F.cross_entropy(logits.flatten(0, 1), batch.phonemes.flatten(), ignore_index=IGNORED)


def text_losses(net: Recogniser, audio: Tensor, bias: Tensor | None, batch: Batch) -> Losses:
    """Cross-entropy of the tokens, and how much guided attention misses their words."""
    states, attention = net.decoder(batch.inputs, audio, bias)
    asked = batch.outputs != IGNORED
    text = F.cross_entropy(
        net.decoder.logits(states[asked]).float(),
        batch.outputs[asked],
        label_smoothing=LABEL_SMOOTHING,
    )
    return {"text": text, "guide": GUIDE_WEIGHT * guide_loss(attention.float(), batch.stretches)}


def guide_loss(attention: Tensor, stretches: Tensor) -> Tensor:
    """Mean negative log of the attention (B, heads, L, T) that falls on each token's stretch."""
    spoken = stretches[..., 0] >= 0
    position = torch.arange(attention.shape[-1])
    first, end = stretches[..., :1] - GUIDE_MARGIN, stretches[..., 1:] + GUIDE_MARGIN
    inside = (position >= first) & (position < end) & spoken[..., None]
    mass = (attention * inside[:, None]).sum(-1).clamp(1e-4, 1)
    return -(mass.log() * spoken[:, None]).sum() / (spoken.sum().clamp(min=1) * attention.shape[1])
