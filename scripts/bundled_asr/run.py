"""A run: the phases in order, each skipped if what it makes is already there.

A phase works on `NAME.part` and renames it to `NAME` when it is done, so a run that was stopped
goes on at the phase it was stopped in. A folder belongs to one plan; another plan is refused.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import monotonic

import torch
from tokenizers import Tokenizer

from . import evaluate, export, features, manifest, pool, sentences, tokenizer, train
from .model import Recogniser, Shape
from .plan import Plan
from .progress import minutes
from .speech import DEFAULT_VOICE, Espeak
from .targets import Batches

TRAININGS = {
    "encoder": train.train_encoder,
    "decoder": train.train_decoder,
    "joint": train.train_jointly,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One folder, one plan."""

    out: Path
    plan: Plan

    def all_phases(self) -> None:
        """Do what is not done yet. Raises SystemExit when the folder is another plan's."""
        self.claim()
        self.phase("tokenizer.json", self.make_tokenizer)
        self.phase("speech", self.record)
        self.phase("encoder.pt", lambda path: self.train("encoder", None, path))
        self.phase("decoder.pt", lambda path: self.train("decoder", "encoder.pt", path))
        self.phase("joint.pt", lambda path: self.train("joint", "decoder.pt", path))
        self.phase("model", self.export)
        self.phase("evaluation.json", self.evaluate)
        self.phase("model/manifest.json", self.describe)
        print(f"done: {self.out / 'model'}", flush=True)

    def claim(self) -> None:
        """Make the folder this plan's."""
        self.out.mkdir(parents=True, exist_ok=True)
        mine, note = json.dumps(asdict(self.plan), indent=1), self.out / "plan.json"
        if note.exists() and note.read_text() != mine:
            raise SystemExit(f"{self.out} holds a run of another plan: delete it or name another")
        note.write_text(mine)

    def phase(self, name: str, work: Callable[[Path], None]) -> None:
        """Let `work` make what `name` stands for, unless it is there."""
        result = self.out / name
        if result.exists():
            print(f"{name}: kept from before", flush=True)
            return
        print(f"{name} ...", flush=True)
        started, partial = monotonic(), result.with_name(f"{result.name}.part")
        if partial.is_dir():
            shutil.rmtree(partial)
        work(partial)
        partial.rename(result)
        print(f"{name}: made in {minutes(monotonic() - started)}", flush=True)

    def make_tokenizer(self, path: Path) -> None:
        """Learn the vocabulary."""
        texts = islice(sentences.training(self.plan.seed), self.plan.tokenizer_sentences)
        tokenizer.build(texts, path)

    def record(self, folder: Path) -> None:
        """Speak the training sentences, after a check that they will be heard as served."""
        espeak = Espeak()
        espeak.use(DEFAULT_VOICE)
        features.check(espeak.say("One clip is enough to compare.").audio)
        pool.record(folder, self.plan.utterances, self.plan.seed)

    def train(self, phase: str, after: str | None, path: Path) -> None:
        """One of the trainings, beginning with the weights that another left."""
        torch.manual_seed(self.plan.seed)
        words = Tokenizer.from_file(str(self.out / "tokenizer.json"))
        speech = pool.Pool(self.out / "speech", words)
        shape = Shape(vocabulary=words.get_vocab_size(), phonemes=len(speech.phonemes))
        net = self.load(after) if after else Recogniser(shape)
        seed = self.plan.seed + list(TRAININGS).index(phase)
        batches = Batches(speech, tokenizer.special_ids(words), self.plan.positions, seed)
        TRAININGS[phase](net, batches, self.plan)
        torch.save({"shape": asdict(net.shape), "weights": net.state_dict()}, path)

    def load(self, name: str) -> Recogniser:
        """The network as a training left it."""
        saved = torch.load(self.out / name)
        net = Recogniser(Shape(**saved["shape"]))
        net.load_state_dict(saved["weights"])
        return net

    def export(self, folder: Path) -> None:
        """Write the directory that faster-whisper loads."""
        export.export(self.load("joint.pt"), self.out / "tokenizer.json", folder)

    def evaluate(self, path: Path) -> None:
        """Measure what came out."""
        path.write_text(json.dumps(evaluate.evaluate(self.out / "model", self.plan), indent=1))

    def describe(self, path: Path) -> None:
        """Write the manifest."""
        made = {
            "plan": asdict(self.plan),
            "torch": torch.__version__,
            "evaluation": json.loads((self.out / "evaluation.json").read_text()),
        }
        version = f"{datetime.now(UTC):%Y.%m.%d}"
        path.write_text(manifest.manifest(self.out / "model", version, made))
