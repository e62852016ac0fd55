"""Finished runs that are made up, for those that compare them."""

from __future__ import annotations

import numpy as np

from modaxfer.config import RunConfig
from modaxfer.metrics import compute
from modaxfer.result import Result
from modaxfer.runner.evaluation.summary import write_table
from modaxfer.runner.folder import store_config

CLASSES = ("bad", "good")


def finished_run(
    root,
    name,
    right,
    *,
    encoder="bert",
    strategy="full",
    seed=0,
    task="reviews",
    rows=range(200),
    flipped=False,
    groups=None,
    validation=None,
    settings=None,
    data=None,
    status="completed",
    extra=None,
    primary="f1_macro",
):
    """Write a finished run of a binary task below `root`: `right` is the share of its rows that it has right."""
    rows = np.array(rows)
    answers = np.random.default_rng(7).integers(0, 2, 1000)[rows] ^ int(flipped)
    hit = np.random.default_rng([seed, sum(map(ord, name))]).random(len(rows)) < right
    said = np.where(hit, answers, 1 - answers)
    columns = {
        "row_id": [f"test-{row}" for row in rows],
        "target": [CLASSES[label] for label in answers],
        "prediction": [CLASSES[label] for label in said],
    }
    if groups is not None:
        columns["cluster"] = [int(row) // groups for row in rows]
    scores = np.eye(2)[said] * 0.8 + 0.1
    folder = root / name
    write_table(folder / "predictions.parquet", columns, scores, CLASSES)
    names = ("f1_macro", "accuracy", "roc_auc")
    test = compute(names, problem="binary", references=answers, predictions=said, scores=scores)
    held_out = dict.fromkeys(names, right if validation is None else validation)
    by = "the same speaker" if groups else ""
    known = {"problem": "binary", "classes": list(CLASSES), "source": "reviews.csv"}
    Result(
        status=status,
        encoder={"id": f"modaxfer/{encoder}"},
        bridge="modaxfer/native-text",
        strategy=f"modaxfer/{strategy}",
        task=task,
        metrics={"test": test, "validation": held_out, "primary": primary},
        data={**known, "resampled": {"rows": len(rows), "units": len(rows), "by": by}, **(data or {})},
        seed=seed,
        **(extra or {}),
    ).save(folder)
    config = RunConfig(encoder=(encoder,), strategy=strategy, task=(task,), seed=seed, set=settings or {})
    store_config(config, folder)
    return folder
