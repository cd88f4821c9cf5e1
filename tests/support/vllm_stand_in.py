"""Behaves like `vllm serve` where it matters for whoever supervises it; run as a script.

Takes the options of the real one and refuses all others, logs in its words, leaves an engine
process in its group, serves health, models and chat, and ends on SIGTERM. `STAND_IN` in the
environment names a folder: there it notes what it was given, as `run-N.json`, and finds a file
`fail` with the words to fail with. `POST /die` kills it alone; `POST /fall_ill` ends its health.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from aiohttp import web

OPTIONS = (
    "--host",
    "--port",
    "--served-model-name",
    "--gpu-memory-utilization",
    "--max-model-len",
    "--max-num-seqs",
    "--max-num-batched-tokens",
    "--performance-mode",
    "--tool-call-parser",
    "--reasoning-parser",
    "--load-format",
    "--dtype",
    "--block-size",
    "--kv-cache-memory-bytes",
    "--distributed-executor-backend",
)
FLAGS = (
    "--enable-prompt-tokens-details",
    "--enable-request-id-headers",
    "--enable-auto-tool-choice",
    "--enforce-eager",
    "--never-end",
)


def install(environment: Path) -> Path:
    """Put a `vllm` command into `environment/bin`, and return it."""
    command = environment / "bin" / "vllm"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n')
    command.chmod(0o755)
    return command


def runs(folder: Path) -> list[dict[str, object]]:
    """What each run was given: `pid`, `engine` (another pid), `arguments`, `environment`."""
    return [json.loads(file.read_text()) for file in sorted(folder.glob("run-*.json"))]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vllm", allow_abbrev=False)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    for option in OPTIONS:
        parser.add_argument(option)
    for flag in FLAGS:
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


def _note(folder: Path, engine: int) -> None:
    note = {
        "pid": os.getpid(),
        "engine": engine,
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
    }
    number = len(list(folder.glob("run-*.json")))
    draft = folder / "draft"
    draft.write_text(json.dumps(note))
    draft.rename(folder / f"run-{number}.json")


def _application(options: argparse.Namespace) -> web.Application:
    ill = False

    async def health(request: web.Request) -> web.Response:
        return web.Response(status=503 if ill else 200)

    async def fall_ill(request: web.Request) -> web.Response:
        nonlocal ill
        ill = True
        return web.Response()

    async def die(request: web.Request) -> web.Response:
        os.kill(os.getpid(), signal.SIGKILL)
        return web.Response()

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(text='vllm:num_requests_running{engine="0"} 0.0\n')

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": options.served_model_name}]})

    async def chat(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {os.environ['VLLM_API_KEY']}":
            return web.Response(status=401)
        asked = await request.json()
        chunks = [
            {"choices": [{"delta": {"content": "Hello there."}}]},
            {"choices": [{"delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
        ]
        if asked["model"] != options.served_model_name:
            return web.Response(status=404)
        body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
        return web.Response(text=body + "data: [DONE]\n\n", content_type="text/event-stream")

    app = web.Application()
    app.router.add_get("/health", health)
    app.router.add_post("/fall_ill", fall_ill)
    app.router.add_post("/die", die)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", chat)
    return app


def main() -> None:
    """Serve until SIGTERM."""
    options = _options()
    folder = Path(os.environ["STAND_IN"])
    sleep = "import time; time.sleep(600)"
    ignore = "import signal; signal.signal(15, signal.SIG_IGN); " if options.never_end else ""
    engine = subprocess.Popen([sys.executable, "-c", ignore + sleep])
    _note(folder, engine.pid)
    fail = folder / "fail"
    if fail.exists():
        print(f"(EngineCore pid=7) ERROR 11-21 03:22:28 [core.py:133] {fail.read_text()}")
        sys.exit(1)
    print(f"INFO 11-21 03:22:28 [runner.py:68] Starting to load model {options.model}...")
    for percent in (0, 100):
        line = f"Loading safetensors checkpoint shards: {percent:3}% Completed | 0/1"
        print(line, end="\r", file=sys.stderr, flush=True)
    print("\nINFO 11-21 03:22:30 [entry.py:140] Starting vLLM server", flush=True)
    if options.never_end:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    web.run_app(
        _application(options),
        host=options.host,
        port=int(options.port),
        print=None,
        handle_signals=not options.never_end,
        shutdown_timeout=0.1,
    )


if __name__ == "__main__":
    main()
