"""What could be done, and what each says of held-out rows: frozen and simple fold by fold, others by short runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.errors import ModaxferError, RefusedError
from modaxfer.heads.search_options import SearchOptions
from modaxfer.runner.recommend.affordable import affordable, least_seconds
from modaxfer.runner.recommend.bar import said_simply
from modaxfer.runner.recommend.candidates import PROBED, Candidate
from modaxfer.runner.recommend.cost import frozen_seconds, moved_seconds
from modaxfer.runner.recommend.decide import SIMPLE, Option
from modaxfer.runner.recommend.encode import Bench, seconds_per_row
from modaxfer.runner.recommend.frozen import Said, said_frozen
from modaxfer.runner.recommend.halving import halve
from modaxfer.runner.recommend.rows import looked_at
from modaxfer.runner.recommend.stored import Store
from modaxfer.runner.recommend.tries import Tried, try_cell
from modaxfer.runner.session import Predictions, TaskSession
from modaxfer.runner.training.layers import layer_features

__all__ = ["Options"]

ANSWERING = 10.0
"""Seconds for what comes after short runs: comparison and page."""

Cell = tuple[str, str]
"""Name of a candidate, and a strategy."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Makes the options of a recommendation; each is made once, and kept.

    Args:
        bench: Of the recommendation.
        store: Where they are kept.
        candidates: By name, those that were picked.
        box: Seconds for all short runs.
        until: When the answer is promised, on the clock of `time.monotonic`.
    """

    bench: Bench
    store: Store
    candidates: Mapping[str, Candidate]
    box: float
    until: float

    def simple(self, session: TaskSession, candidate: Candidate) -> Option | None:
        """Return the simple bar; None where there is none for this task, which is noted."""
        kept = self.store.kept("bar", SIMPLE)
        if kept is None:
            resolved = looked_at(next(iter(candidate.cells.values())))
            try:
                name, said = said_simply(resolved, session.groups, session.judge)
            except RefusedError as refusal:
                self.store.keep("bar", SIMPLE, {"refused": " ".join(str(refusal).split())})
                return None
            self._keep_said(SIMPLE, said)
            kept = self.store.keep("bar", SIMPLE, {"name": name, "seconds": said.seconds})
        if "refused" in kept:
            return None
        return Option(encoder="", strategy=SIMPLE, said=self._said(SIMPLE), seconds=kept["seconds"] / 3)

    def frozen(self, name: str) -> Option | None:
        """Return strategy ``frozen`` of a picked candidate; None where it is not a choice, or not solved."""
        candidate = self.candidates[name]
        if not candidate.scored or PROBED not in candidate.cells:
            return None
        key, resolved = f"{name} {PROBED}", looked_at(candidate.cells[PROBED])
        kept = self.store.kept("tried", key)
        if kept is None:
            session = self.bench.open(resolved)
            for split in ("train", "validation"):
                layer_features(session, split)
            options: Any = resolved.plan.phases[0].solver.options  # type: ignore[union-attr]
            assert isinstance(options, SearchOptions), "asked where it was found to be solved"
            said, fitted = said_frozen(session, resolved.data.classes, options)
            self._keep_said(key, said)
            pace = self.store.kept("candidates", name).get("seconds_per_row") or seconds_per_row(session)
            kept = self.store.keep(
                "tried",
                key,
                {
                    "seconds": said.seconds,
                    "share": 1.0,
                    "line_seconds": frozen_seconds(candidate.cells[PROBED], pace, said.seconds),
                    "layers": list(fitted.report["layers"]),
                    "head": fitted.report["head"],
                },
            )
            self.bench.progress.say(f"{name} {PROBED}: held out fold by fold ({said.seconds:.0f} s)")
        return Option(encoder=name, strategy=PROBED, said=self._said(key), seconds=kept["line_seconds"])

    def moved(self, cells: Sequence[Cell]) -> list[Option]:
        """Return strategies that move an encoder, as far as short runs say something of them."""
        tried = halve(*self._affordable(cells), self._run)
        found = []
        for (name, strategy), made in tried.items():
            if made.validation is not None:
                said = Said(train=None, validation=made.validation, seconds=made.seconds)
                seconds = moved_seconds(self.candidates[name].cells[strategy], made.seconds_per_step)
                found.append(Option(encoder=name, strategy=strategy, said=said, seconds=seconds, share=made.share))
        return found

    def _affordable(self, cells: Sequence[Cell]) -> tuple[Sequence[Cell], float]:
        """Return the cells that have time to say something, and theirs together; say and keep what is left out."""
        kept = self.store.kept("short_runs", "chosen")
        if kept is not None:
            return [(name, strategy) for name, strategy in kept["cells"]], kept["seconds"]
        least = {
            (name, strategy): least_seconds(self.candidates[name], strategy, self.store.kept("candidates", name) or {})
            for name, strategy in cells
        }
        chosen, seconds = affordable(least, self.box, self.until - time.monotonic() - ANSWERING)
        for cell in least:
            if cell not in chosen:
                name, strategy = cell
                self.store.keep("left_out", f"{strategy} {name}", {"seconds": least[cell]})
                self.bench.progress.say(f"{name} {strategy}: left out for time, a short run takes {least[cell]:.0f} s")
        self.store.keep("short_runs", "chosen", {"cells": [list(cell) for cell in chosen], "seconds": seconds})
        return chosen, seconds

    def _run(self, cell: Cell, rung: int, seconds: float) -> Tried:
        name, strategy = cell
        key = f"{name} {strategy} {rung}"
        kept = self.store.kept("tried", key)
        if kept is None:
            kept = self.store.keep("tried", key, self._tried(cell, key, seconds))
            told = kept.get("failed") or (
                "too short a box to say anything" if kept["score"] is None else f"validation {abs(kept['score']):.3f}"
            )
            part = f"{kept['share']:.0%} of its steps, " if 0 < kept["share"] < 1 else ""
            self.bench.progress.say(f"{name} {strategy}: {told} ({part}{kept['seconds']:.0f} s)")
        arrays = self.store.arrays(key)
        made = None if arrays is None or kept["score"] is None else _predictions(arrays, "validation")
        return Tried(
            validation=made, score=kept["score"], share=kept["share"], seconds=kept["seconds"],
            seconds_per_step=kept["seconds_per_step"],
        )  # fmt: skip

    def _tried(self, cell: Cell, key: str, seconds: float) -> dict[str, Any]:
        name, strategy = cell
        try:
            made = try_cell(self.bench, looked_at(self.candidates[name].cells[strategy]), seconds)
        except ModaxferError as error:
            why = " ".join(str(error).split())
            return {"score": None, "share": 1.0, "seconds": 0.0, "seconds_per_step": 0.0, "failed": f"failed: {why}"}
        if made.validation is not None:
            self.store.keep_arrays(key, _arrays("validation", made.validation))
        return {
            "score": made.score, "share": made.share, "seconds": made.seconds,
            "seconds_per_step": made.seconds_per_step,
        }  # fmt: skip

    def _keep_said(self, key: str, said: Said) -> None:
        arrays = _arrays("validation", said.validation)
        self.store.keep_arrays(key, arrays | (_arrays("train", said.train) if said.train is not None else {}))

    def _said(self, key: str) -> Said:
        arrays = self.store.arrays(key)
        assert arrays is not None, "they are written before what names them"
        return Said(train=_predictions(arrays, "train"), validation=_predictions(arrays, "validation"))


def _arrays(split: str, made: Predictions) -> dict[str, np.ndarray | None]:
    return {split: made.predictions, f"{split}_scores": made.scores}


def _predictions(arrays: Mapping[str, np.ndarray], split: str) -> Predictions:
    return Predictions(predictions=arrays[split], scores=arrays.get(f"{split}_scores"))
