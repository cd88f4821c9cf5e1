"""Every way a chat endpoint can fail, as a `ChatError` with a sentence for the operator.

A sentence names the endpoint, what it did and the remedy. It never repeats what the endpoint or
anybody else wrote, because that may quote a conversation.
"""

from models.llm import ChatError, ChatFailure
from models.llm.chat_wire import EndpointError

RETRY_S = 0.2
"""The pause before a retry, in seconds, where the endpoint does not ask for another."""

_REMEDIES = {
    400: "The conversation may be longer than the model's context, or a setting is unknown to it.",
    401: "Check the API key.",
    403: "Check the API key and what it may use.",
    404: "Check the address and the model's name; its /models lists the names it serves.",
    413: "The conversation is longer than it takes.",
    422: "A setting of the request is unknown to it.",
    429: "It is limiting requests: try again later, or raise its limit.",
}
_SEE_LOG = "See its log."


class Unavailable(ChatError):
    """The endpoint cannot serve now; a retry can help."""

    def __init__(self, message: str, retry_after_s: float = RETRY_S) -> None:
        super().__init__(ChatFailure.UNREACHABLE, message)
        self.retry_after_s = retry_after_s


class Complaints:
    """Makes the errors of one endpoint, given as it may be shown: without user and password."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def unreachable(self, error: Exception) -> Unavailable:
        """No connection, or it broke before an answer began."""
        reason = f"cannot be reached ({type(error).__name__})"
        return Unavailable(self._sentence(reason, "Check its address and that it is running."))

    def refusal(self, status: int, retry_after: str = "") -> ChatError:
        """An HTTP status other than 200, with the value of its `Retry-After` header."""
        reason = f"answered {status}"
        if 300 <= status < 400:
            return self._refused(reason, "It redirects: configure its final address.")
        if _passes(status):
            remedy = _REMEDIES.get(status, _SEE_LOG)
            return Unavailable(self._sentence(reason, remedy), _seconds(retry_after))
        remedy = _REMEDIES.get(status, "Check that it is an OpenAI-compatible server.")
        return self._refused(reason, remedy)

    def reported(self, error: EndpointError, begun: bool) -> ChatError:
        """An error object inside the stream, after text or before any."""
        reason = f"reported an error ({error})"
        if begun or error.status is None:
            return self.broken(reason)
        remedy = _REMEDIES.get(error.status, _SEE_LOG)
        if _passes(error.status):
            return Unavailable(self._sentence(reason, remedy))
        return self._refused(reason, remedy)

    def no_model(self) -> ChatError:
        """It lists no model that can chat."""
        return self._refused("serves no chat model", "Load one there, or name the model.")

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

    def _refused(self, reason: str, remedy: str) -> ChatError:
        return ChatError(ChatFailure.REFUSED, self._sentence(reason, remedy))

    def _sentence(self, reason: str, remedy: str) -> str:
        return f"The LLM endpoint {self._endpoint} {reason}. {remedy}"


def _passes(status: int) -> bool:
    """Whether what this status says may be over in a moment."""
    return status == 429 or status >= 500


def _seconds(retry_after: str) -> float:
    """A `Retry-After` header in seconds; its other form, a date, counts as absent."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else RETRY_S
