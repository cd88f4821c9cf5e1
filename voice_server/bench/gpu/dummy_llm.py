"""A language model of true shape that knows nothing: its configuration and a tokenizer, no weights.

vLLM makes random weights for it (`--load-format dummy`). Each byte of a prompt is a token, so that
lengths are exact; what it says are the names of tokens, and it seldom ends by itself.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from voice_server.bench.gpu.scale import LlmShape

CONTEXT_TOKENS = 8192
_SPECIALS = ("<pad>", "<s>", "<|im_start|>", "<|im_end|>")
_PAD, _BEGIN, _, _END = range(4)
_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_dummy_llm(folder: Path, shape: LlmShape) -> Path:
    """Write what vLLM reads before it makes the weights; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "config.json", _config(shape))
    _write(folder / "generation_config.json", {"bos_token_id": _BEGIN, "eos_token_id": _END})
    _tokenizer(shape.vocabulary).save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": CONTEXT_TOKENS,
            "bos_token": _SPECIALS[_BEGIN],
            "eos_token": _SPECIALS[_END],
            "pad_token": _SPECIALS[_PAD],
            "clean_up_tokenization_spaces": False,
            "chat_template": _TEMPLATE,
        },
    )
    return folder


def parameters(shape: LlmShape) -> int:
    """How many weights it has, layer norms left out."""
    head = shape.width // shape.heads
    attention = shape.width * head * 2 * (shape.heads + shape.key_value_heads)
    layer = attention + 3 * shape.width * shape.feed_forward
    return shape.layers * layer + 2 * shape.vocabulary * shape.width


def _config(shape: LlmShape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.width,
        "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_value_heads,
        "head_dim": shape.width // shape.heads,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": CONTEXT_TOKENS,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 500_000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "bos_token_id": _BEGIN,
        "eos_token_id": _END,
        "pad_token_id": _PAD,
    }


def _tokenizer(size: int) -> Tokenizer:
    """Bytes, and enough other tokens that whatever is drawn at random has a name."""
    names = [*_SPECIALS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    names += [f"w{number}" for number in range(size - len(names))]
    tokenizer = Tokenizer(models.BPE({name: place for place, name in enumerate(names)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(_SPECIALS))
    return tokenizer


def _write(file: Path, content: dict[str, object]) -> None:
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
