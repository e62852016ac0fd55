"""Measure what waiting threads cost, alone and beside a busy neighbour: ``make threads``.

Each measurement is a process of its own. A round runs the same work with threads that spin while they wait, OpenMP's
own default, and with threads that sleep, which is what modaxfer sets; the median of the rounds' ratios counts. Writes
``docs/results/threads.json``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from resumable import store

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "threads.json"

WAITING = {"spin": {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200"}, "sleep": {}}
"""How threads wait: OpenMP's defaults, named so that modaxfer leaves them alone; and what modaxfer sets."""

OWN = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")


def bar() -> None:
    """Grow boosted trees on 60 rows, as the simple bar of a small table is made, with as many threads as there are."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(60, 8)), rng.integers(0, 2, 60)
    HistGradientBoostingClassifier(max_iter=200, min_samples_leaf=5).fit(rows, labels)


def encode() -> None:
    """Encode 128 texts of 32 tokens with a body of MiniLM's size."""
    import torch

    ids = torch.randint(0, 1000, (8, 32))
    model = _minilm()
    with torch.inference_mode():
        for _ in range(16):
            model(ids)


def train() -> None:
    """Take 5 steps on 8 texts of 32 tokens with a body of MiniLM's size."""
    import torch

    ids = torch.randint(0, 1000, (8, 32))
    model = _minilm()
    for _ in range(5):
        model(ids).last_hidden_state.square().mean().backward()


WORK = {work.__name__: work for work in (bar, encode, train)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", choices=WORK, help="do this work once and print its seconds")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    if options.work:
        print(_seconds(WORK[options.work]))
        return 0
    measured = []
    for number in range(options.rounds):
        for neighbours in (0, len(os.sched_getaffinity(0))):
            with busy(neighbours):
                measured += [
                    {"work": work, "neighbours": neighbours, "round": number, **_pair(work, number)} for work in WORK
                ]
    store(options.output, {"rounds": options.rounds, "cells": summarise(measured), "measurements": measured})
    return 0


def summarise(measured: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return for each work and number of neighbours both median seconds and the median of the rounds' ratios."""
    cells = dict.fromkeys((each["work"], each["neighbours"]) for each in measured)
    found = []
    for work, neighbours in cells:
        rounds = [each for each in measured if (each["work"], each["neighbours"]) == (work, neighbours)]
        ratios = [each["spin"] / each["sleep"] for each in rounds]
        found.append(
            {
                "work": work,
                "neighbours": neighbours,
                **{how: median(each[how] for each in rounds) for how in WAITING},
                "ratio": median(ratios),
                "least": min(ratios),
                "most": max(ratios),
            }
        )
    return found


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep `count` cores busy with processes that compute and never wait."""
    line = [sys.executable, "-c", "while True: sum(range(100000))"]
    neighbours = [subprocess.Popen(line) for _ in range(count)]
    try:
        yield
    finally:
        for each in neighbours:
            each.kill()
            each.wait()


def _pair(work: str, number: int) -> dict[str, float]:
    """Return seconds by way of waiting; which goes first changes from round to round."""
    order = list(WAITING) if number % 2 else list(WAITING)[::-1]
    return {how: _measure(work, WAITING[how]) for how in order}


def _measure(work: str, own: Mapping[str, str]) -> float:
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    line = [sys.executable, __file__, "--work", work]
    return float(subprocess.run(line, env=kept | own, capture_output=True, text=True, check=True).stdout)


def _seconds(work: Any) -> float:
    import modaxfer  # noqa: F401 - lets threads sleep, where its environment does not say otherwise

    work()  # imports and first allocations
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _minilm() -> Any:
    from transformers import BertConfig, BertModel

    return BertModel(
        BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
    ).eval()


if __name__ == "__main__":
    sys.exit(main())
