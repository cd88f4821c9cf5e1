"""Every way a chat endpoint can fail, as a `ChatError` with a sentence for the operator.

A sentence names the endpoint, what it did and the remedy. It never repeats what the endpoint or
anybody else wrote, because that may quote a conversation.
"""

from collections.abc import Sequence
from difflib import get_close_matches

from models.llm import ChatError, ChatFailure
from models.llm.chat_wire import EndpointError

RETRY_S = 0.2
"""The pause before a retry, in seconds, where the endpoint does not ask for another."""

_REMEDIES = {
    400: "The conversation may be longer than the model's context, or a setting is unknown to it.",
    404: "Check the address, which often ends in /v1, and the model's name; its /models lists "
    "the names it serves.",
    413: "The conversation is longer than it takes.",
    422: "A setting of the request is unknown to it.",
    429: "It is limiting requests: try again later, or raise its limit.",
    529: "It is overloaded: try again later.",
}
_SEE_LOG = "See its log."
_NO_KEY = "It needs an API key, and none is configured: set llm.api_key."
_WRONG_KEY = "It does not take the configured API key: check it, and what it may use."

_HINTS = (
    (b"tool-call-parser", "Start vLLM with --enable-auto-tool-choice and a --tool-call-parser."),
    (b"support tools", "Its model cannot call tools: take another model, or offer no tools."),
    (b"context length", "The conversation is longer than the model's context."),
    (b"context_length", "The conversation is longer than the model's context."),
    (b"context size", "The conversation is longer than the model's context."),
    (b"prompt is too long", "The conversation is longer than the model's context."),
    (b"credit balance", "Its account has no credit left."),
    (b"insufficient_quota", "Its account has no credit left."),
)
"""Words in the body of a refusal, and what to do about it. The body itself is never shown."""


class Unavailable(ChatError):
    """The endpoint cannot serve now; a retry can help."""

    def __init__(self, message: str, retry_after_s: float = RETRY_S) -> None:
        super().__init__(ChatFailure.UNREACHABLE, message)
        self.retry_after_s = retry_after_s


class KeyRefused(ChatError):
    """The endpoint wants another API key, or one at all."""


class Complaints:
    """Makes the errors of one endpoint, given as it may be shown: without user and password."""

    def __init__(self, endpoint: str, *, has_key: bool = False) -> None:
        self._endpoint = endpoint
        self._has_key = has_key

    def unreachable(self, error: Exception) -> Unavailable:
        """No connection, or it broke before an answer began."""
        reason = f"cannot be reached ({type(error).__name__})"
        return Unavailable(self._sentence(reason, "Check that it is running, and its address."))

    def refusal(self, status: int, retry_after: str = "", body: bytes = b"") -> ChatError:
        """An HTTP status other than 200, its `Retry-After` header, and the start of its body."""
        reason = f"answered {status}"
        if 300 <= status < 400:
            return self._refused(reason, "It redirects: configure its final address.")
        if status in (401, 403):
            return self._key_refused(reason)
        remedy = _hint(body) or _REMEDIES.get(status, "")
        if _passes(status):
            return Unavailable(self._sentence(reason, remedy or _SEE_LOG), _seconds(retry_after))
        return self._refused(reason, remedy or "Check that it is an OpenAI-compatible server.")

    def reported(self, error: EndpointError, begun: bool) -> ChatError:
        """An error object inside the stream, after text or before any."""
        reason = f"reported an error ({error})"
        if begun or error.status is None:
            return self.broken(reason)
        if error.status in (401, 403):
            return self._key_refused(reason)
        remedy = _REMEDIES.get(error.status, _SEE_LOG)
        if _passes(error.status):
            return Unavailable(self._sentence(reason, remedy))
        return self._refused(reason, remedy)

    def no_model(self) -> ChatError:
        """It lists no model that can chat."""
        return self._refused("serves no chat model", "Load one there, or name the model.")

    def no_such_model(self, model: str, served: Sequence[str]) -> ChatError:
        """It lists models, and this is none of them."""
        names = ", ".join(get_close_matches(model, served, 3, 0.4) or served[:3])
        return self._refused(f"does not serve {model!r}", f"It serves {names}.")

    def no_list(self, status: int) -> ChatError:
        """It was asked for its models, and answered with this status."""
        reason = f"answered {status} when asked for its models"
        if status in (401, 403):
            return self._key_refused(reason)
        remedy = "Check the address, which often ends in /v1, or name the model."
        return self._refused(reason, remedy)

    def no_models_in_answer(self) -> ChatError:
        """It was asked for its models, and answered with something else."""
        remedy = "Check that the address belongs to an OpenAI-compatible server."
        return ChatError(
            ChatFailure.BROKEN, self._sentence("did not answer with a list of models", remedy)
        )

    def silent(self, timeout_s: float) -> ChatError:
        """It was asked for its models, and did not answer in time."""
        reason = f"did not list its models within {timeout_s:g} s"
        return ChatError(
            ChatFailure.UNREACHABLE, self._sentence(reason, "Check that it is running.")
        )

    def busy(self, streams_max: int) -> ChatError:
        """We refuse, to keep our own bound."""
        reason = f"is already making {streams_max} replies for us, our limit"
        return self._refused(reason, "Raise the limit, or admit fewer sessions.")

    def closed(self) -> ChatError:
        """We let go of it."""
        return self._refused("is no longer used by this server", "It is shutting down.")

    def too_slow(self, complaint: str) -> ChatError:
        """A timeout ran out; `complaint` says which."""
        remedy = "It is overloaded or stuck, or its model thinks before it speaks."
        return ChatError(ChatFailure.TIMED_OUT, self._sentence(complaint, remedy))

    def broken(self, reason: str) -> ChatError:
        """The stream was not what the protocol says."""
        return ChatError(ChatFailure.BROKEN, self._sentence(reason, _SEE_LOG))

    def _key_refused(self, reason: str) -> KeyRefused:
        remedy = _WRONG_KEY if self._has_key else _NO_KEY
        return KeyRefused(ChatFailure.REFUSED, self._sentence(reason, remedy))

    def _refused(self, reason: str, remedy: str) -> ChatError:
        return ChatError(ChatFailure.REFUSED, self._sentence(reason, remedy))

    def _sentence(self, reason: str, remedy: str) -> str:
        return f"The LLM endpoint {self._endpoint} {reason}. {remedy}"


def _hint(body: bytes) -> str:
    said = body.lower()
    return next((remedy for words, remedy in _HINTS if words in said), "")


def _passes(status: int) -> bool:
    """Whether what this status says may be over in a moment."""
    return status == 429 or status >= 500


def _seconds(retry_after: str) -> float:
    """A `Retry-After` header in seconds; its other form, a date, counts as absent."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else RETRY_S
