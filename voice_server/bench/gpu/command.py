"""Everything on one GPU in one go: models made, measured, and written down.

Usage: scripts/bench-gpu [--dry-run] [--vllm ENVIRONMENT] [--work FOLDER] [--out FOLDER]
Exit codes: 0, measured; 2, it cannot be done here, and stderr says why.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from models.errors import ModelError
from models.llm.vllm.command import VllmOptions
from models.llm.vllm.command import command as vllm_command
from voice_server.bench.asr.chain_whisper import save_chain_whisper
from voice_server.bench.gpu.conditions import conditions, missing_for_recognition, vllm_at
from voice_server.bench.gpu.decodes import measured_decodes
from voice_server.bench.gpu.dummy_llm import parameters, write_dummy_llm
from voice_server.bench.gpu.gpu_report import GpuReport
from voice_server.bench.gpu.replies import at_once, measured_replies, voice_of_reason
from voice_server.bench.gpu.scale import DRY, FULL, Scale
from voice_server.bench.gpu.talkers import ears, held, ladder, talk

_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what can be measured here; return the exit code."""
    options = _parser().parse_args(arguments)
    lacking = missing_for_recognition()
    if lacking and not options.dry_run:
        for reason in lacking:
            _say(reason)
        _say("`scripts/bench-gpu --dry-run` shows what would be measured, in tiny shapes on a CPU.")
        return _UNUSABLE
    scale = DRY if options.dry_run else FULL
    vllm, without = (None, []) if options.no_llm else vllm_at(options.vllm)
    report = GpuReport(
        "Dry run: tiny shapes on a CPU" if options.dry_run else "On one GPU",
        conditions(vllm),
        _plan(FULL, vllm),
        skipped=[*(lacking if options.dry_run else []), *without],
    )
    if options.dry_run:
        write_dummy_llm(options.work / "llm-8b", FULL.llm)
        report.skipped.append("The steps were rehearsed in tiny shapes: no figure is a GPU's.")
    _measure(report, scale, options.work, vllm)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "gpu.json").write_text(report.as_json(), encoding="utf-8")
    (options.out / "gpu.md").write_text(report.as_markdown(), encoding="utf-8")
    print(report.as_markdown(), end="")  # noqa: T201 - the report is the output
    _say(f"Written to {options.out}/gpu.md and gpu.json.")
    return 0


def _measure(report: GpuReport, scale: Scale, work: Path, vllm: str | None) -> None:
    _say(f"Making {scale.ears_name} and the configuration of {scale.llm.name} in {work}")
    ears_folder = work / f"ears-{scale.ears.width}-{scale.ears.layers}"
    if not (ears_folder / "model.bin").is_file():
        save_chain_whisper(ears_folder, scale.ears)
    llm_folder = write_dummy_llm(work / f"llm-{scale.llm.width}-{scale.llm.layers}", scale.llm)
    for compute_type in scale.compute_types:
        _say(f"Measuring decodes in {compute_type}")
        report.decodes += measured_decodes(ears_folder, compute_type, scale)
    asyncio.run(_conversations(report, scale, (ears_folder, llm_folder), vllm))


async def _conversations(
    report: GpuReport, scale: Scale, folders: tuple[Path, Path], vllm: str | None
) -> None:
    """Talkers, callers, and both; what does not start is said and left out."""
    ears_folder, llm_folder = folders
    try:
        for compute_type in scale.compute_types:
            _say(f"Measuring talkers in {compute_type}")
            async with ears(ears_folder, compute_type, scale) as recognizer:
                rows = await ladder(recognizer, scale)
            report.talkers += [{"compute_type": compute_type, **row} for row in rows]
        if vllm is None:
            return
        _say(f"Starting vLLM with {scale.llm.name}")
        async with AsyncExitStack() as stack:
            chat = await stack.enter_async_context(voice_of_reason(vllm, llm_folder, scale))
            report.replies = await measured_replies(chat, scale)
            talkers = max(1, held(rows) // 2)
            listening = ears(ears_folder, scale.compute_types[-1], scale)
            recognizer = await stack.enter_async_context(listening)
            async with asyncio.TaskGroup() as tasks:
                heard = tasks.create_task(talk(recognizer, talkers, scale.talk_s))
                answered = tasks.create_task(at_once(chat, scale))
            report.together = {"recognition": heard.result(), "replies": answered.result()}
    except ModelError as error:
        report.skipped.append(str(error))


def _plan(scale: Scale, vllm: str | None) -> list[str]:
    """What is to be done, in sentences."""
    share = f"{scale.gpu_memory:.0%} of the GPU"
    options = VllmOptions("DUMMY", gpu_memory=scale.gpu_memory, arguments=scale.vllm_arguments)
    started = " ".join(vllm_command("vllm", options, 0))
    millions = parameters(scale.llm) / 1e6
    return [
        f"One decode of {scale.ears_name} (random weights) in {', '.join(scale.compute_types)} on "
        f"{scale.device}: {', '.join(map(str, scale.batches))} rows of "
        f"{' and '.join(f'{ms / 1000:g} s' for ms in scale.audio_ms)}.",
        f"Up to {scale.talkers[-1]} talkers at once, until finals are late.",
        f"vLLM ({vllm or 'not here'}) with {scale.llm.name}, {millions:,.1f} million random "
        f"weights, {share}: `{started}`.",
        f"First tokens after {scale.prompt_chars} tokens of prompt, new and cached; "
        f"{scale.callers} callers at once; the end of a stream that is closed.",
        "Half of those talkers and all of those callers at once, on one GPU.",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench-gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--dry-run", action="store_true", help="tiny shapes on the CPU")
    parser.add_argument("--vllm", default="", help="vLLM's environment; default: on the PATH")
    parser.add_argument("--no-llm", action="store_true", help="recognition only")
    work = Path(".cache/bench-gpu")
    parser.add_argument("--work", type=Path, default=work, help="where models are made")
    parser.add_argument("--out", type=Path, default=work / "report", help="where the report goes")
    return parser


def _say(sentence: str) -> None:
    print(f"bench-gpu: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
