"""Every candidate is encoded once and judged; what is known of one is kept, so that it is not encoded again."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modaxfer.errors import ModaxferError
from modaxfer.runner.recommend.candidates import PROBED, Candidate
from modaxfer.runner.recommend.encode import Bench, seconds_per_row
from modaxfer.runner.recommend.judged import encoded_rows, judge
from modaxfer.runner.recommend.prior import Prior
from modaxfer.runner.recommend.rows import looked_at, training_alone
from modaxfer.runner.recommend.stored import Store
from modaxfer.runner.training.layers import layer_features, layers_are_kept

__all__ = ["JUDGING", "Scoring"]

KIND = "candidates"

JUDGING = 0.6
"""Share of the promised time that judging candidates may take; the rest is for options made of those picked."""


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """Judges candidates one after the other.

    Args:
        bench: Of the recommendation.
        store: Where it is kept.
        names: Scores that are asked.
        until: When it should be done, on the clock of `time.monotonic`. A candidate that would take longer is left out,
            unless none before it was judged.
    """

    bench: Bench
    store: Store
    names: Sequence[str]
    until: float

    def run(self, candidates: Sequence[Candidate], priors: Mapping[str, Prior]) -> dict[str, Mapping[str, Any]]:
        """Return what is known of each candidate, the most promising first, and say so as it comes."""
        found: dict[str, Mapping[str, Any]] = {}
        for number, candidate in enumerate(candidates, start=1):
            kept = self.store.kept(KIND, candidate.name)
            until = self.until if any(each["scores"] for each in found.values()) else math.inf
            made = kept or self.store.keep(KIND, candidate.name, self._judged(candidate, priors[candidate.name], until))
            found[candidate.name] = made
            told = f"[{number}/{len(candidates)}] {candidate.name}: {_told(made)}"
            self.bench.progress.say(told + (" (from before)" if kept else ""))
        return found

    def _judged(self, candidate: Candidate, prior: Prior, until: float) -> dict[str, Any]:
        known = {
            "encoder": candidate.encoder.id,
            "bridge": candidate.bridge,
            "native": candidate.native,
            "log_parameters": round(candidate.log_parameters, 3),
            "recorded": prior.recorded,
            "scored": candidate.scored and bool(self.names),
            "strategies": list(candidate.cells),
        }
        if not known["scored"]:
            return {**known, "scores": {}, "seconds": 0.0, "unscored": _unscored(candidate)}
        started = time.monotonic()
        try:
            return {**known, **self._scores(candidate, until), "seconds": round(time.monotonic() - started, 3)}
        except ModaxferError as error:
            # One candidate that fails leaves the others to choose among; it is told, and not chosen.
            return {**known, "scores": {}, "seconds": 0.0, "failed": " ".join(str(error).split())}

    def _scores(self, candidate: Candidate, until: float) -> dict[str, Any]:
        resolved = training_alone(looked_at(candidate.cells[PROBED]))
        started = time.monotonic()
        session = self.bench.open(resolved)
        loaded = round(time.monotonic() - started, 3)
        pace = seconds_per_row(session)
        told = {"load_seconds": loaded, "seconds_per_row": pace}
        takes = 0.0 if layers_are_kept(session, "train") else pace * resolved.data.rows["train"]
        if time.monotonic() + takes > until:
            return {**told, "scores": {}, "left_out": takes}
        layer_features(session, "train")
        found, refused = judge(encoded_rows(session, resolved.data.classes), self.names)
        scores = {
            name: {"value": each.value, "layers": list(each.layers), **_report(each.report)}
            for name, each in found.items()
        }
        return {**told, "scores": scores, "no_score": refused}


def _unscored(candidate: Candidate) -> str:
    """Say why frozen features of a candidate say nothing."""
    if not candidate.encoder.spec.pretrained:
        return "its weights are random"
    if not candidate.scored:
        return f"{candidate.bridge.rpartition('/')[2]}, which feeds it, is trained with it"
    return "no score reads such targets"


def _report(report: Mapping[str, Any]) -> dict[str, Any]:
    return {"report": dict(report)} if report else {}


def _told(made: Mapping[str, Any]) -> str:
    if made.get("failed"):
        return f"failed: {made['failed']}"
    if not made["scored"]:
        return f"not judged: {made['unscored']}"
    if "left_out" in made:
        return f"left out for time: encoding its rows takes about {made['left_out']:.0f} s"
    values = [f"{name.rpartition('/')[2]} {each['value']:.3f}" for name, each in made["scores"].items()]
    silent = [f"no {name.rpartition('/')[2]}: {reason}" for name, reason in made["no_score"].items()]
    return f"{'; '.join([', '.join(values), *silent])} ({made['seconds']:.0f} s)"
