"""Collect what the reader learns to read: sentences, phrases and lines of words. Nothing of it is in this repository.

Sources: product reviews (Blitzer et al. 2007), terms of service (Galassi et al. 2024, CC BY 4.0), tweets (Hutto &
Gilbert 2014, MIT), all inputs of train splits below ``MODAXFER_DATA`` without their labels; glosses, examples and
collocations of WordNet 3.0 (free licence; ``apt-get install wordnet-base``).

    python texts.py FOLDER
"""

from __future__ import annotations

import html
import os
import random
import re
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from modaxfer.bridges import words_in

WORDNET = Path("/usr/share/wordnet")
TASKS = ("amazon-reviews", "unfair-tos", "vader-tweets")
SENTENCE_END = re.compile(r"(?<=[.!?;])[\"')\]]*\s+|\n+")
LONGEST = 40
"""Words of a sentence; longer ones are cut to pieces, so that nearly all fit a strip of 144 patches."""
MOST_PATCHES = 144
PASSAGES = 120_000
"""Stretches of sentences, so that a strip is read to its end."""
SALAD_LINES, MOST_WORDS = 400_000, 36
"""Lines of words that have nothing to do with each other, and words of the longest."""


def whole_texts() -> list[str]:
    """Return the texts of the tasks' train splits."""
    found = []
    for name in TASKS:
        table = pq.read_table(Path(os.environ["MODAXFER_DATA"]) / name / "train.parquet", columns=["text"])
        found += [html.unescape(html.unescape(text)) for text in table["text"].to_pylist()]
    return found


def reviews() -> list[str]:
    """Return their sentences."""
    return [sentence for text in whole_texts() for sentence in SENTENCE_END.split(text)]


def wordnet() -> tuple[list[str], list[str]]:
    """Return glosses with examples, and lemmas: words and collocations."""
    glosses, lemmas = [], []
    for path in sorted(WORDNET.glob("data.*")):
        for line in path.read_text(encoding="latin-1").splitlines():
            if line.startswith("  ") or " | " not in line:
                continue
            head, gloss = line.split(" | ", 1)
            glosses += [part.strip(' "') for part in re.split(r';\s+(?=")|;\s+', gloss.strip())]
            parts = head.split()
            lemmas += [parts[4 + 2 * at].split("(")[0].replace("_", " ") for at in range(int(parts[3], 16))]
    return glosses, lemmas


def pieces(text: str) -> list[str]:
    """Cut a text that is too long for a strip, evenly."""
    words = text.split()
    count = -(-len(words) // LONGEST) or 1
    size = -(-len(words) // count)
    return [" ".join(words[start : start + size]) for start in range(0, len(words), max(size, 1))]


def patches(text: str) -> int:
    """Return how many patches a text is long."""
    return sum((len(word) + 1) // 2 for word in words_in(text))


def passages(rng: random.Random) -> list[str]:
    """Return stretches of following sentences out of the tasks' texts, of 40 to `MOST_PATCHES` patches."""
    found = []
    for text in whole_texts():
        taken, room = [], rng.randint(40, MOST_PATCHES)
        for sentence in SENTENCE_END.split(" ".join(text.split())):
            room -= patches(sentence)
            if room < 0:
                if len(taken) > 1:
                    found.append(" ".join(taken))
                taken, room = [], rng.randint(40, MOST_PATCHES)
            else:
                taken.append(sentence)
    found = [text for text in dict.fromkeys(found) if text.isascii()]
    rng.shuffle(found)
    return found[:PASSAGES]


def fragments(sentences: list[str], count: int, rng: random.Random) -> list[str]:
    """Return stretches of two to five words out of sentences."""
    found = []
    while len(found) < count:
        words = rng.choice(sentences).split()
        size = rng.randint(2, 5)
        if len(words) > size:
            start = rng.randrange(len(words) - size)
            found.append(" ".join(words[start : start + size]))
    return found


def salad(counts: dict[str, int], rng: random.Random) -> list[str]:
    """Return lines of words drawn by the root of their counts, so that rare ones are learned, too; some in capitals."""
    words, weights = list(counts), [count**0.5 for count in counts.values()]
    drawn = iter(rng.choices(words, weights, k=SALAD_LINES * MOST_WORDS))
    # Short lines are the more common ones.
    sizes = [2 + int((MOST_WORDS - 1) * rng.random() ** 2) for _ in range(SALAD_LINES)]
    return [" ".join(cased(next(drawn), rng) for _ in range(size)) for size in sizes]


def cased(word: str, rng: random.Random) -> str:
    """Return a word in small letters, now and then capitalised or all in capitals."""
    chance = rng.random()
    return word.upper() if chance < 0.04 else word.capitalize() if chance < 0.18 else word


def main(folder: Path) -> None:
    """Write ``sentences.txt``, ``words.txt`` and ``passages.txt`` below `folder`."""
    rng = random.Random(0)
    glosses, lemmas = wordnet()
    whole = [piece for text in reviews() + glosses for piece in pieces(" ".join(text.split()))]
    whole = [text for text in dict.fromkeys(whole) if text.isascii() and len(text.split()) >= 2]
    collocations = sorted({lemma for lemma in lemmas if " " in lemma and len(lemma) < 32})
    sentences = list(dict.fromkeys(whole + rng.sample(collocations, 40_000) + fragments(whole, 80_000, rng)))
    sentences = [text for text in sentences if patches(text) <= MOST_PATCHES]
    rng.shuffle(sentences)
    counts = Counter(word.lower() for text in sentences for word in words_in(text))
    single = sorted({lemma.lower() for lemma in lemmas if lemma.isascii() and len(words_in(lemma)) == 1})
    known = {word: 1 for word in single if len(word) <= 20} | {word: n for word, n in counts.items() if n >= 2}
    lines = [line for line in salad(known, rng) if patches(line) <= MOST_PATCHES]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sentences.txt").write_text("\n".join(sentences) + "\n")
    (folder / "words.txt").write_text("\n".join(lines) + "\n")
    (folder / "passages.txt").write_text("\n".join(passages(rng)) + "\n")
    mean = sum(map(patches, sentences)) / len(sentences)
    print(f"{len(sentences):,} sentences of {mean:.1f} patches, {len(lines):,} lines of {len(known):,} words")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
