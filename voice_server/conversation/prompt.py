"""From the items of a conversation to what the language model reads. Pure.

The roles are those of the OpenAI chat API, in the order that every chat template accepts: all
instructions first, then the user, and a tool's answer right behind the line that asked for it. An
interrupted reply ends with a dash where the user stopped listening. The prompt grows at its end
only, so that a server with a prefix cache reads each turn once.
"""

from collections.abc import Sequence
from dataclasses import replace

from models.llm import Message, ToolCall
from voice_server.events import Item

CUT = " —"
"""Follows the last word heard of an interrupted reply."""

UNANSWERED = "(no answer yet)"
"""Stands for what a tool has not said so far: every call needs an answer in the prompt."""


def messages(items: Sequence[Item], instructions: str) -> list[Message]:
    """The prompt for the next reply."""
    answers = {item.call: item.text for item in items if item.kind == "tool_result"}
    system = [instructions, *(item.text for item in items if _is(item, "system"))]
    lines: list[Message] = []
    for item in items:
        if item.kind == "tool_call":
            _add_call(lines, item)
        elif _is(item, "user") and item.text:
            _add(lines, Message("user", item.text))
        elif _is(item, "assistant") and (text := _heard(item)):
            _add(lines, Message("assistant", text))
    lines = _answered(lines, answers)
    if lines and lines[0].role == "assistant" and not lines[0].tool_calls:
        system.append(f"You began by saying: {lines.pop(0).content}")
    return [Message("system", "\n\n".join(part for part in system if part)), *lines]


def _is(item: Item, role: str) -> bool:
    return item.kind == "message" and item.role == role


def _heard(item: Item) -> str:
    text = item.text.strip()
    return text + CUT if text and item.status == "incomplete" else text


def _add(lines: list[Message], line: Message) -> None:
    """Lines of one speaker in a row become one: many templates want them to alternate."""
    last = lines[-1] if lines else None
    if last and last.role == line.role and not last.tool_calls:
        lines[-1] = replace(last, content=f"{last.content} {line.content}")
    else:
        lines.append(line)


def _add_call(lines: list[Message], item: Item) -> None:
    """A call belongs to what the assistant said before it."""
    if not lines or lines[-1].role != "assistant":
        lines.append(Message("assistant", ""))
    call = ToolCall(item.call, item.name, item.text)
    lines[-1] = replace(lines[-1], tool_calls=(*lines[-1].tool_calls, call))


def _answered(lines: Sequence[Message], answers: dict[str, str]) -> list[Message]:
    """Every call is followed by its answer, wherever in the conversation that came in."""
    answered: list[Message] = []
    for line in lines:
        answered.append(line)
        for call in line.tool_calls:
            answer = answers.get(call.id, UNANSWERED)
            answered.append(Message("tool", answer, tool_call_id=call.id))
    return answered
