"""Train the tiny chat model that scripts/test-vllm serves: real sentences, real stops, 1 MB.

Usage: train_test_llm.py FOLDER [--steps N]. Everything is made here, text, tokenizer and weights;
nothing is downloaded. The model greets, counts, tells stories that end, switches a lamp by a tool
call in the way of Hermes, and, asked to never stop, talks until it is cut off, which is what a test
of interruption needs.
"""

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

PAD, BEGIN, TURN, END = "<pad>", "<s>", "<|im_start|>", "<|im_end|>"
SPECIALS = [PAD, BEGIN, TURN, END]
PAD_ID, BEGIN_ID, _, END_ID = range(4)
NOT_LEARNED = -100
VOCABULARY = 1024
CONTEXT = 4096
SEQUENCE = 192
BATCH = 12

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SYSTEM = ("You are a voice assistant.", "You are a voice assistant. Answer in one sentence.", "")
GREETINGS = ("Hello", "Hello.", "Hi there!", "Good morning.")
NUMBERS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
WHO = ("the gardener", "a tall ship", "my cousin", "the old clock", "a grey cat", "the baker")
DOES = ("waits for", "looks at", "sings to", "follows", "paints", "never forgets", "laughs at")
WHAT = ("the river", "a red kite", "the last train", "three small birds", "the moon", "warm bread")
LAMP_CALL = '<tool_call>\n{"name": "lamp", "arguments": {"on": true}}\n</tool_call>'
WHEN = ("at noon", "in the rain", "every Sunday", "without a sound", "before supper", "in spring")


def sentence(rng: random.Random) -> str:
    """One sentence of the toy language that all stories are made of."""
    words = " ".join(rng.choice(choices) for choices in (WHO, DOES, WHAT, WHEN))
    return f"{words[0].upper()}{words[1:]}{rng.choice('...!')}"


def sentences(rng: random.Random, count: int) -> str:
    """Several sentences."""
    return " ".join(sentence(rng) for _ in range(count))


def exchange(rng: random.Random) -> tuple[str, str, bool]:
    """A question, its answer, and whether the answer ends."""
    match rng.randrange(6):
        case 0:
            return rng.choice(GREETINGS), "Hello! How can I help you?", True
        case 1:
            last = rng.randint(2, len(NUMBERS))
            counted = ", ".join(NUMBERS[:last]).capitalize()
            return f"Count to {NUMBERS[last - 1]}.", f"{counted}.", True
        case 2:
            return "Tell me a long story.", sentences(rng, rng.randint(7, 9)), True
        case 3:
            return "Never stop talking.", sentences(rng, 30), False
        case 4:
            return "Turn on the lamp.", LAMP_CALL, True
        case _:
            question = f"What about {rng.choice(WHO)}?"
            return question, sentences(rng, rng.randint(1, 2)), True


def make_tokenizer(rng: random.Random) -> Tokenizer:
    """A byte-level BPE tokenizer of the toy language; any other text becomes bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = ("\n".join(exchange(rng)[:2]) for _ in range(2000))
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def example(rng: random.Random, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Token ids of one conversation, and the same with only the answers to be learned."""
    ids, targets = [BEGIN_ID], [NOT_LEARNED]
    for text, learned in conversation(rng):
        part = tokenizer.encode(text, add_special_tokens=False).ids
        ids += part
        targets += part if learned else [NOT_LEARNED] * len(part)
    return ids[:SEQUENCE], targets[:SEQUENCE]


def conversation(rng: random.Random) -> Iterator[tuple[str, bool]]:
    """Pieces of text, and whether each is to be learned."""
    system = rng.choice(SYSTEM)
    if system:
        yield f"{TURN}system\n{system}{END}\n", False
    for _ in range(rng.randint(1, 2)):
        question, answer, ends = exchange(rng)
        yield f"{TURN}user\n{question}{END}\n{TURN}assistant\n", False
        yield f"{answer}{END}\n" if ends else answer, True
        if not ends:
            return


def batch(rng: random.Random, tokenizer: Tokenizer) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and targets, each of shape (BATCH, longest), padded on the right."""
    pairs = [example(rng, tokenizer) for _ in range(BATCH)]
    longest = max(len(ids) for ids, _ in pairs)
    inputs = [ids + [PAD_ID] * (longest - len(ids)) for ids, _ in pairs]
    targets = [kept + [NOT_LEARNED] * (longest - len(kept)) for _, kept in pairs]
    return torch.tensor(inputs), torch.tensor(targets)


def train(rng: random.Random, tokenizer: Tokenizer, steps: int) -> LlamaForCausalLM:
    """A Llama of two layers that speaks the toy language."""
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=(tokenizer.get_vocab_size() + 63) // 64 * 64,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=CONTEXT,
            bos_token_id=BEGIN_ID,
            eos_token_id=END_ID,
            pad_token_id=PAD_ID,
        )
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps, pct_start=0.1)
    for step in range(1, steps + 1):
        inputs, targets = batch(rng, tokenizer)
        mask = (inputs != PAD_ID).long()
        loss = model(input_ids=inputs, attention_mask=mask, labels=targets).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.2f}", flush=True)
    return model


def save(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the folder that vLLM loads."""
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": CONTEXT,
        "bos_token": BEGIN,
        "eos_token": END,
        "pad_token": PAD,
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=250)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    rng = random.Random(0)
    tokenizer = make_tokenizer(rng)
    model = train(rng, tokenizer, arguments.steps)
    save(model, tokenizer, arguments.folder)


if __name__ == "__main__":
    main()
