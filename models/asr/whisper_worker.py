"""A Whisper model in a process of its own: started by `whisper_crew`, ends with its input."""

import signal
import sys

import msgspec

from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_loader import load_decoder
from models.asr.whisper_window import WindowKind, WindowPolicy
from models.asr.whisper_wire import Hello, decode_tasks, encode_hello, encode_outcomes
from models.errors import ModelError
from models.worker_pipes import answer_all, own_pipes, send


class WorkerOrder(msgspec.Struct, frozen=True):
    """What a worker has to load; its only argument, as JSON."""

    path: str
    window: WindowKind
    margin_ms: int
    device: str = "cpu"
    device_index: int = 0
    compute_type: str = "int8"
    cpu_threads: int = 1


def load(order: WorkerOrder, workers: int = 1) -> WhisperDecoder:
    """Load and warm up, for that many threads. Raises `ModelError`."""
    return load_decoder(
        order.path,
        WindowPolicy(order.window, order.margin_ms),
        device=order.device,
        device_index=order.device_index,
        compute_type=order.compute_type,
        cpu_threads=order.cpu_threads,
        workers=workers,
    )


def answer(decoder: WhisperDecoder, request: bytes) -> bytes:
    """Decode what a request holds."""
    return encode_outcomes(decoder.decode_all(decode_tasks(request)))


def main() -> None:
    """Say hello, then answer until the server is gone."""
    # Ctrl-C reaches the whole group: it is the server that decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = own_pipes()
    order = msgspec.json.decode(sys.argv[1], type=WorkerOrder)
    try:
        decoder = load(order)
    except ModelError as error:
        send(answers, encode_hello(Hello(error=str(error))))
        return
    send(answers, encode_hello(Hello(decoder.languages, decoder.n_mels)))
    answer_all(requests, answers, lambda request: answer(decoder, request))


if __name__ == "__main__":
    main()
