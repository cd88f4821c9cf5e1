"""What servers refuse is left out, one field at a time, until nothing is left to leave out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.habits import Habits, adapted

pytestmark = pytest.mark.pure

REFUSALS = {
    b"Extra inputs are not permitted: stream_options": Habits(usage=False),
    b"Unsupported parameter: 'max_tokens' is not supported with this model. "
    b"Use 'max_completion_tokens' instead.": Habits(old_limit=False),
    b"Unknown parameter: 'chat_template_kwargs'.": Habits(template=False),
    b'"gemma3" does not support thinking': Habits(effort=False),
    b"Unsupported value: 'reasoning_effort'": Habits(effort=False),
    b"Unsupported value: 'temperature' does not support 0.2 with this model.": Habits(
        temperature=False
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_the_field_that_was_named_is_left_out(refusal: bytes) -> None:
    habits = adapted(Habits(), refusal)
    assert habits == REFUSALS[refusal]
    assert adapted(habits, refusal) is None, "it cannot be left out twice"


def test_other_refusals_teach_nothing() -> None:
    assert adapted(Habits(), b"This model's maximum context length is 8192 tokens.") is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(list(REFUSALS))).map(b" ".join))
def test_asking_again_comes_to_an_end(refusal: bytes) -> None:
    habits: Habits | None = Habits()
    for _ in range(len(REFUSALS)):
        habits = habits and adapted(habits, refusal)
    assert habits is None
