"""Which optional fields a chat-completions server takes: learned from its refusals. Pure.

Servers differ in what they know. Older ones refuse `stream_options`; OpenAI refuses
`chat_template_kwargs`, and for its reasoning models `max_tokens` and every temperature; Ollama
refuses a reasoning effort for models that cannot think. Each names the field that it does not like,
so the request is sent again without it, and the field stays away from then on.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Habits:
    """What a request to this server may contain."""

    usage: bool = True
    """`stream_options`, which asks for token counts in a last chunk."""
    temperature: bool = True
    old_limit: bool = True
    """`max_tokens`; else its younger name, `max_completion_tokens`."""
    template: bool = True
    """`chat_template_kwargs`, with which Qwen-like templates of vLLM and llama.cpp are told not to
    think."""
    effort: bool = True
    """`reasoning_effort`, with which Ollama and others are told so."""


def adapted(habits: Habits, refusal: bytes) -> Habits | None:
    """The habits after a refusal with this body; None if it names no field that can be left out.

    Each step leaves out one field more, so asking again and again comes to an end.
    """
    said = refusal.lower()
    if habits.usage and b"stream_options" in said:
        return replace(habits, usage=False)
    if habits.old_limit and b"max_completion_tokens" in said:
        return replace(habits, old_limit=False)
    if habits.template and b"chat_template_kwargs" in said:
        return replace(habits, template=False)
    if habits.effort and (b"reasoning_effort" in said or b"not support thinking" in said):
        return replace(habits, effort=False)
    if habits.temperature and b"'temperature'" in said and b"nsupported" in said:
        return replace(habits, temperature=False)
    return None
