"""What is said: sentences drawn from the templates, phrases and word lists of `sentences.toml`.

Two kinds of sentences never reach the training. Those listed in `golden.txt` (the project's tests
speak them) and `everyday.txt` (written by hand, unlike any template), and every twentieth sentence
the grammar can make, told apart by a hash of its words. So the evaluation asks for sentences whose
words were taught, but which were never heard.
"""

import random
import re
import tomllib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
HELD_OUT_EVERY = 20
SHARES = {"templates": 0.5, "free": 0.38, "lists": 0.12}

VOWELS = "aeiou"
SLOT = re.compile(r"\{(?:(\d+)-(\d+)|(\w+)(?::(\w+))?)\}")


@dataclass(frozen=True, slots=True)
class Language:
    """The parsed `sentences.toml`: sentence kinds, rules (phrases and words), and spelling."""

    kinds: dict[str, list[str]]
    rules: dict[str, list[str]]
    irregular: dict[str, dict[str, str]]
    ones: list[str]
    tens: list[str]
    doubling: frozenset[str]
    es_after_o: frozenset[str]


@cache
def language() -> Language:
    """Read it once."""
    data = tomllib.loads((FOLDER / "sentences.toml").read_text())
    words = {name: line.split("|" if "|" in line else None) for name, line in data["words"].items()}
    return Language(
        kinds={kind: data[kind] for kind in SHARES},
        rules=data["phrases"] | words,
        irregular=data["irregular"],
        ones=data["numbers"]["ones"].split(),
        tens=data["numbers"]["tens"].split(),
        doubling=frozenset(data["spelling"]["doubling"].split()),
        es_after_o=frozenset(data["spelling"]["es_after_o"].split()),
    )


@cache
def listed(name: str) -> tuple[str, ...]:
    """The sentences of `golden.txt` or `everyday.txt`, one a line."""
    return tuple((FOLDER / f"{name}.txt").read_text().splitlines())


def training(seed: int) -> Iterator[str]:
    """Endless sentences that may be trained on."""
    return (sentence for sentence in generated(seed) if not is_held_out(sentence))


def held_out(seed: int, count: int) -> list[str]:
    """Different template sentences of at least three words that training never meets."""
    found: dict[str, None] = {}
    rng = random.Random(seed)
    while len(found) < count:
        sentence = draw(rng, "templates")
        if is_held_out(sentence) and len(sentence.split()) >= 3:
            found[sentence] = None
    return list(found)


def generated(seed: int) -> Iterator[str]:
    """Endless sentences of all kinds, in the shares above."""
    rng = random.Random(seed)
    while True:
        [kind] = rng.choices(list(SHARES), list(SHARES.values()))
        yield draw(rng, kind)


def is_held_out(sentence: str) -> bool:
    """Whether the words of this sentence, in this order, are kept from the training."""
    key = " ".join(normalised(sentence))
    return key in listed_keys() or zlib.crc32(key.encode()) % HELD_OUT_EVERY == 0


@cache
def listed_keys() -> frozenset[str]:
    """The words of every sentence in the two lists."""
    return frozenset(" ".join(normalised(s)) for s in listed("golden") + listed("everyday"))


def normalised(text: str) -> list[str]:
    """The words as word error rates count them: lower case, no punctuation."""
    return re.sub(r"[^a-z0-9' ]+", " ", text.lower()).split()


def draw(rng: random.Random, kind: str) -> str:
    """One sentence of a kind: its slots filled, articles agreed, first letter capital."""
    sentence = expand(rng, rng.choice(language().kinds[kind]))
    sentence = re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", sentence)
    return sentence[0].upper() + sentence[1:]


def expand(rng: random.Random, template: str) -> str:
    """Fill every slot, and the slots of what fills it."""

    def fill(slot: re.Match[str]) -> str:
        low, high, rule, form = slot.groups()
        if rule is None:
            return spelled(rng.randint(int(low), int(high)))
        word = expand(rng, rng.choice(language().rules[rule]))
        return inflected(word, form) if form else word

    return SLOT.sub(fill, template)


def spelled(number: int) -> str:
    """A number below a million in words."""
    ones = language().ones
    if number < 20:
        return ones[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return language().tens[tens - 2] + (f" {ones[rest]}" if rest else "")
    size, name, link = (100, "hundred", " and ") if number < 1000 else (1000, "thousand", " ")
    head, rest = divmod(number, size)
    return f"{spelled(head)} {name}" + (link + spelled(rest) if rest else "")


def inflected(word: str, form: str) -> str:
    """A noun in the plural, or a verb as past, ing or third person."""
    rules: dict[str, Callable[[str], str]] = {
        "plural": with_s,
        "third": with_s,
        "past": with_ed,
        "ing": with_ing,
    }
    return language().irregular[form].get(word) or rules[form](word)


def with_s(word: str) -> str:
    """cat -> cats, box -> boxes, city -> cities."""
    if word.endswith(("s", "x", "z", "ch", "sh")) or word in language().es_after_o:
        return word + "es"
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def with_ed(word: str) -> str:
    """play -> played, like -> liked, carry -> carried, stop -> stopped."""
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2] not in VOWELS:
        return word[:-1] + "ied"
    return doubled(word) + "ed"


def with_ing(word: str) -> str:
    """play -> playing, like -> liking, stop -> stopping, see -> seeing."""
    if word.endswith("e") and not word.endswith("ee"):
        return word[:-1] + "ing"
    return doubled(word) + "ing"


def doubled(word: str) -> str:
    """The stem with its last consonant written twice where English wants it."""
    return word + word[-1] if word in language().doubling else word
