"""A language model without weights: of the right size, and a token for every byte."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from voice_server.bench.gpu.dummy_llm import parameters, write_dummy_llm
from voice_server.bench.gpu.scale import DRY, FULL

pytestmark = pytest.mark.pure


def test_the_large_one_has_as_many_weights_as_it_says() -> None:
    """Llama 3.1 8B has 8,030,261,248, norms included."""
    assert parameters(FULL.llm) == pytest.approx(8_030_261_248, rel=0.0001)


def test_a_byte_is_a_token_and_every_token_has_a_name(tmp_path: Path) -> None:
    folder = write_dummy_llm(tmp_path, DRY.llm)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == DRY.llm.vocabulary
    text = "Grüß Gott.\nHow are you?"
    ids = tokenizer.encode(text).ids
    assert len(ids) == len(text.encode())
    assert tokenizer.decode(ids) == text
    last = DRY.llm.vocabulary - 1
    assert tokenizer.decode([last])
    special = tokenizer.encode("<|im_end|>").ids
    assert len(special) == 1
