"""The OpenAI-compatible REST endpoints under `/v1`, and what each of them may use."""

from aiohttp import web

from voice_server.conversation.house import House
from voice_server.links.openai_desk import OpenAIDesk
from voice_server.links.openai_files import FileEndpoints
from voice_server.links.openai_relay import ChatEndpoint
from voice_server.links.openai_voice import SpeechEndpoint
from voice_server.wires.openai_models import Job, model, model_list


def add_openai_routes(router: web.UrlDispatcher, house: House, desk: OpenAIDesk) -> None:
    """Everything that one base URL serves besides the sockets."""
    limits = house.settings.rest
    models, files = ModelEndpoints(house), FileEndpoints(house)
    voice, chat = SpeechEndpoint(house), ChatEndpoint(house)
    router.add_get("/v1/models", desk.serving("models", models.listed))
    router.add_get("/v1/models/{id:.+}", desk.serving("models", models.one))
    router.add_get("/v1/audio/voices", desk.serving("voices", voice.voices))
    files_max = limits.transcriptions_max
    for endpoint, handler in (
        ("transcriptions", files.transcriptions),
        ("translations", files.translations),
    ):
        serving = desk.serving("transcriptions", handler, files_max)
        router.add_post(f"/v1/audio/{endpoint}", serving)
    router.add_post("/v1/audio/speech", desk.serving("speeches", voice.speech, limits.speeches_max))
    router.add_post(
        "/v1/chat/completions", desk.serving("chats", chat.completions, limits.chats_max)
    )


class ModelEndpoints:
    """`GET /v1/models` and `/v1/models/{id}`."""

    def __init__(self, house: House) -> None:
        self._engines = house.engines

    async def listed(self, request: web.Request) -> web.Response:
        """All models, and the names of OpenAI's that stand for them."""
        return web.json_response(model_list(self._names()))

    async def one(self, request: web.Request) -> web.Response:
        """One of them. Raises `ApiError`."""
        return web.json_response(model(request.match_info["id"], self._names()))

    def _names(self) -> dict[Job, str]:
        """Asked anew, because an endpoint may tell its model late."""
        return {
            "asr": self._engines.recognizer.name,
            "llm": self._engines.chat.name,
            "tts": self._engines.synthesizer.name,
        }
