"""Bodies of requests: JSON into memory, recordings into a file, neither beyond its limit.

A recording goes to disk piece by piece as it arrives, so a thousand of them need no memory.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError

from voice_server.links.openai_streaming import ClientGone
from voice_server.settings.rest import RestSettings
from voice_server.wires.openai_errors import ApiError, missing

FIELD_BYTES_MAX = 65_536
FIELDS_MAX = 256

_PIECE_BYTES = 65_536
_FORM_BYTES = 1_048_576
"""What a form may have besides its file."""


async def receive_json(request: web.Request, limits: RestSettings) -> bytes:
    """The whole body. Raises `ApiError` and `ClientGone`."""
    _check_length(request, limits.body_bytes_max)
    body = bytearray()
    async with _in_time(limits):
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > limits.body_bytes_max:
                raise _too_large(limits.body_bytes_max)
    return bytes(body)


async def receive_form(
    request: web.Request, file: BinaryIO, limits: RestSettings
) -> list[tuple[str, str]]:
    """Write the form's `file` into `file`; return the other fields.

    Raises `ApiError` and `ClientGone`.
    """
    if request.content_type != "multipart/form-data":
        raise ApiError(400, "Send multipart/form-data, with the recording as its field file.")
    _check_length(request, limits.upload_bytes_max, besides=_FORM_BYTES)
    async with _in_time(limits):
        try:
            return await _fields(await request.multipart(), file, limits)
        except (ValueError, AssertionError, RuntimeError, BadHttpMessage) as error:
            raise ApiError(400, "The form is damaged.", code="invalid_form") from error


async def _fields(
    form: MultipartReader, file: BinaryIO, limits: RestSettings
) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    has_file = False
    while (part := await form.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise ValueError("a part without a name, or a form within the form")
        if part.name == "file":
            await _save(part, file, limits.upload_bytes_max)
            has_file = True
        else:
            fields.append((part.name, await _text(part)))
        if len(fields) > FIELDS_MAX or sum(len(value) for _, value in fields) > _FORM_BYTES:
            raise _too_large(_FORM_BYTES)
    if not has_file:
        raise missing("file")
    return fields


async def _save(part: BodyPartReader, file: BinaryIO, bytes_max: int) -> None:
    """The last file counts, as with all fields."""
    await asyncio.to_thread(_empty, file)
    size = 0
    while piece := await part.read_chunk(_PIECE_BYTES):
        size += len(piece)
        if size > bytes_max:
            raise _too_large(bytes_max)
        await asyncio.to_thread(file.write, piece)
    await asyncio.to_thread(file.flush)


def _empty(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()


async def _text(part: BodyPartReader) -> str:
    value = bytearray()
    while piece := await part.read_chunk(_PIECE_BYTES):
        value += piece
        if len(value) > FIELD_BYTES_MAX:
            raise _too_large(FIELD_BYTES_MAX)
    return value.decode(errors="replace")


@asynccontextmanager
async def _in_time(limits: RestSettings) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limits.upload_timeout_s):
            yield
    except TimeoutError as error:
        message = f"The request did not arrive within {limits.upload_timeout_s:g} s."
        raise ApiError(408, message, code="timeout") from error
    except (web.RequestPayloadError, HttpProcessingError) as error:
        message = "The body is not encoded as its headers say."
        raise ApiError(400, message, code="invalid_body") from error
    except ConnectionError as error:
        raise ClientGone from error


def _check_length(request: web.Request, bytes_max: int, besides: int = 0) -> None:
    """Refuse at once what says that it is too large."""
    if request.content_length is not None and request.content_length > bytes_max + besides:
        raise _too_large(bytes_max)


def _too_large(bytes_max: int) -> ApiError:
    message = f"That is larger than {bytes_max:,} bytes, the limit here."
    return ApiError(413, message, code="too_large")
