"""Runs that are made up: what a scheduler of runs is tested with, in no time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError
from modaxfer.metrics import compute
from modaxfer.registry import problem_of
from modaxfer.result import Result
from modaxfer.runner.evaluation.summary import write_table
from modaxfer.runner.folder import is_finished, store_config
from modaxfer.runner.kinds import KINDS
from modaxfer.runner.observed import UNOBSERVED, Observed

CLASSES = ("bad", "good", "ugly")
ROWS = 150


class Runner:
    """Makes up runs: with pretrained weights 80 % of rows are right, without 60 %."""

    def __init__(self, *, killed_at=None, failed_at=None, rows_of_seed=False):
        self.killed_at, self.failed_at, self.rows_of_seed = killed_at, failed_at, rows_of_seed
        self.configs: list[RunConfig] = []
        self.observed: list[Observed] = []

    def __call__(
        self,
        config,
        *,
        resume=False,
        overwrite=False,
        shared=False,
        weights_of=None,
        progress=None,
        request=None,
        memory=None,
        observed=UNOBSERVED,
    ):
        self.observed.append(observed)
        beside_another = {kind.folder for kind in KINDS}
        assert shared == bool(self.configs or Path(str(config.output)).parent.name in beside_another)
        folder = Path(str(config.output))
        if is_finished(folder):
            assert resume
            return Result.load(folder), folder
        if len(self.configs) == self.killed_at:
            raise KeyboardInterrupt
        self.configs.append(config)
        store_config(config, folder)
        right = 0.8 if config.weights == "pretrained" else 0.6
        rows = np.arange(ROWS)
        rows = rows if config.fold is None else rows[rows % config.folds == config.fold]
        draw = config.seed + 1000 * (config.episode or 0)
        given = {"draw": draw, "rows": rows, "rows_of_seed": self.rows_of_seed, "strategy": config.strategy}
        result = made_run(folder, right, seed=config.seed, **given)
        if len(self.configs) - 1 == self.failed_at:
            result = dataclasses.replace(result, status="failed")
            result.save(folder)
            raise ConfigError("made to fail")
        result.save(folder)
        return result, folder


def made_run(
    folder,
    right,
    *,
    seed=0,
    draw=None,
    rows=slice(None),
    rows_of_seed=False,
    problem="multiclass",
    strategy="lora",
):
    rng = np.random.default_rng(seed if rows_of_seed else 0)
    references = rng.integers(0, 3, ROWS)
    ids = [f"test-{row}" for row in rng.permutation(10 * ROWS)[:ROWS]]
    noise = np.random.default_rng([seed if draw is None else draw, int(100 * right)])
    predictions = np.where(noise.random(ROWS) < right, references, (references + 1) % 3)
    references, predictions, ids = references[rows], predictions[rows], [*np.array(ids)[rows]]
    scores = np.eye(3)[predictions] * 0.8 + 0.1
    labels = problem_of(problem).labels
    columns = {"row_id": ids, "target": labels.show(references, CLASSES)}
    write_table(
        folder / "predictions.parquet", columns | {"prediction": labels.show(predictions, CLASSES)}, scores, CLASSES
    )
    test = compute(
        ("f1_macro", "roc_auc"), problem=problem, references=references, predictions=predictions, scores=scores
    )
    result = Result(
        status="completed",
        encoder={"id": "modaxfer/bert"},
        bridge="modaxfer/native-text",
        strategy=strategy,
        task="x",
        metrics={"test": test, "primary": "f1_macro"},
        baselines={"chance": {"f1_macro": 0.33}},
        training={"epochs": 5.0, "rates": {"chosen": 3.0, "tried": []}},
        data={"classes": list(CLASSES), "problem": problem},
        seed=seed,
    )
    result.save(folder)
    (folder / "result.json").unlink()
    return result
