"""Run folders made up for the tests of reports: every number and row in them is invented."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, f1_score

from modaxfer.config import RunConfig, to_yaml
from modaxfer.result import Result
from sketched import sketch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True, scope="module")
def sketched(request):
    """Draw where figures are looked at alone."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.name not in ("test_reports_figures.py", "test_pages_in_a_browser.py"):
            sketch(patch)
        yield


SENTIMENTS = ("negative", "neutral", "positive")


class RunMaker:
    """Builds invented run folders below one temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def classes(self, names: tuple[str, ...] = SENTIMENTS, rows: int = 300, seed: int = 0, **changes: Any) -> Result:
        """A finished classification run; about six rows in ten are right."""
        rng = np.random.default_rng(seed)
        target = rng.integers(0, len(names), rows)
        logits = rng.normal(size=(rows, len(names)))
        logits[np.arange(rows), target] += 1.4
        scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        predicted = scores.argmax(1)
        self._predictions(
            {
                "row_id": [f"test:{row}" for row in range(rows)],
                "target": [names[number] for number in target],
                "prediction": [names[number] for number in predicted],
                **{f"score:{name}": scores[:, index] for index, name in enumerate(names)},
            }
        )
        f1 = float(f1_score(target, predicted, average="macro"))
        metrics = {"f1_macro": f1, "accuracy": float(accuracy_score(target, predicted))}
        return self._finish(metrics, {"classes": list(names)}, rows, changes)

    def multilabel(self, rows: int = 240, **changes: Any) -> Result:
        """A finished multi-label run."""
        names = ("arbitration", "content removal", "jurisdiction", "limitation of liability")
        rng = np.random.default_rng(1)
        target = rng.random((rows, 4)) < [0.1, 0.3, 0.2, 0.5]
        scores = np.clip(target * 0.45 + rng.random((rows, 4)) * 0.6, 0, 1)
        predicted = scores > 0.5
        listed = [
            [[n for n, on in zip(names, row, strict=True) if on] for row in table] for table in (target, predicted)
        ]
        self._predictions(
            {
                "row_id": [str(row) for row in range(rows)],
                "target": listed[0],
                "prediction": listed[1],
                **{f"score:{name}": scores[:, index] for index, name in enumerate(names)},
            }
        )
        metrics = {"f1_macro": float(f1_score(target, predicted, average="macro"))}
        return self._finish(metrics, {"classes": list(names)}, rows, changes)

    def regression(self, rows: int = 200, **changes: Any) -> Result:
        """A finished regression run."""
        rng = np.random.default_rng(2)
        target = rng.gamma(4, 60, rows)
        predicted = target * 0.8 + 40 + rng.normal(0, 30, rows)
        self._predictions({"row_id": [str(row) for row in range(rows)], "target": target, "prediction": predicted})
        rmse = float(np.sqrt(np.mean((predicted - target) ** 2)))
        made = {
            "intervals": {"rmse": [rmse - 3, rmse + 3]},
            "baselines": {
                "chance": {"rmse": 160.0},
                "majority": {"rmse": 118.0},
                "simple": {"name": "gradient-boosted trees", "rmse": rmse + 1},
            },
        }
        return self._finish({"rmse": rmse, "r2": 0.91}, {}, rows, made | changes)

    def fused(self, **changes: Any) -> Result:
        """A finished run of two encoders, with the ablation of three parts."""
        made = {
            "encoder": {"id": "modaxfer/vit + modaxfer/bert", "checkpoint": "example/vit + example/bert"},
            "bridge": "modaxfer/native-image + modaxfer/serialise",
            "strategy": "modaxfer/fusion",
            "ablation": {
                "image": _part(0.58, [0.09, 0.17]),
                "text": _part(0.70, [-0.02, 0.05]),
                "table": {"metrics": {"f1_macro": 0.33}, "intervals": {}},
            },
        }
        return self.classes(**made | changes)

    def shared(self, **changes: Any) -> Result:
        """A finished run of four tasks under one encoder: gain, harm, no evidence, and one not trained alone."""
        for name in ("predictions.parquet", "log.jsonl"):
            (self.root / name).unlink(missing_ok=True)
        self.config()
        values: dict[str, Any] = {
            "strategy": "modaxfer/multitask",
            "task": "reviews/rt-polarity + legal/legal-sentiment + own/prices + modaxfer/digits",
            "metrics": {
                "train": {"mean_primary": 0.9},
                "validation": {},
                "test": {"mean_primary": 0.7},
                "primary": "mean_primary",
            },
            "tasks": {
                "reviews/rt-polarity": _task("rt-polarity", "accuracy", 0.81, 0.78, [0.01, 0.05]),
                "legal/legal-sentiment": _task("legal-sentiment", "f1_macro", 0.61, 0.62, [-0.05, 0.03]),
                "own/prices": _task("prices", "rmse", 120.5, 101.0, [9.0, 30.0]),
                "modaxfer/digits": _task("digits", "accuracy", 0.97, None, None),
            },
        }
        return self._save(values | changes)

    def failed(self, **changes: Any) -> Result:
        """A run that broke off in training: no metrics, no predictions, a torn log."""
        self.log([{"step": 1, "epoch": 0.1, "loss": 1.1}], torn='{"step": 2, "ep')
        values = {
            "status": "failed",
            "error": "loss is not a number at step 2.\nlower the learning rate",
            "metrics": {},
        }
        return self._save(values | changes)

    def log(self, lines: list[dict[str, Any]], torn: str = "") -> None:
        """Write log.jsonl."""
        text = "".join(json.dumps(line) + "\n" for line in lines) + torn
        (self.root / "log.jsonl").write_text(text, encoding="utf-8")

    def config(self, **changes: Any) -> None:
        """Write config.yaml."""
        values = {"encoder": ("bert",), "strategy": "lora", "task": ("legal-sentiment",), "output": "runs/x"}
        (self.root / "config.yaml").write_text(to_yaml(RunConfig(**values | changes)), encoding="utf-8")

    def _predictions(self, columns: dict[str, Any]) -> None:
        pq.write_table(pa.table(columns), self.root / "predictions.parquet")

    def _finish(self, test: dict[str, float], data: dict[str, Any], rows: int, changes: dict[str, Any]) -> Result:
        primary = next(iter(test))
        self.log(_curve(primary))
        self.config()
        values: dict[str, Any] = {
            "metrics": {
                "train": {name: value * 1.2 for name, value in test.items()},
                "validation": {name: value * 1.01 for name, value in test.items()},
                "test": test,
                "primary": primary,
            },
            "intervals": {name: [value - 0.04, value + 0.04] for name, value in test.items()},
            "baselines": {
                "chance": dict.fromkeys(test, 0.31),
                "majority": dict.fromkeys(test, 0.22),
                "simple": {"name": "tf-idf + logistic regression", **dict.fromkeys(test, test[primary] - 0.01)},
            },
            "data": {
                "source": "folder legal-sentiment",
                "fingerprint": "0f1e2d3c",
                "rows": {"train": 1200, "validation": 200, "test": rows},
                "dropped": {"in two splits": 24, "empty input": 2},
                **data,
            },
            "training": {"best_epoch": 3, "steps": 300},
        }
        return self._save(values | changes)

    def _save(self, values: dict[str, Any]) -> Result:
        common: dict[str, Any] = {
            "status": "completed",
            "encoder": {
                "id": "modaxfer/bert",
                "checkpoint": "example/tiny-bert",
                "revision": "abc123",
                "sha256": "5e" * 32,
            },
            "bridge": "modaxfer/native-text",
            "strategy": "modaxfer/lora",
            "task": "legal/legal-sentiment",
            "parameters": {"total": 22_700_000, "trainable": 300_000},
            "time_s": {"load": 1.2, "train": 95.3, "total": 101.4},
            "examples_per_s": 123.4,
            "peak_memory_mb": 812.0,
            "precision": "bf16",
            "versions": {"modaxfer": "0.1.0", "torch": "2.13.0"},
            "plugins": ("legal 0.1.0",),
            "warnings": ("3 rows were cut to 512 tokens",),
        }
        result = Result(**common | values)
        result.save(self.root)
        return Result.load(self.root)


def _part(value: float, difference: list[float]) -> dict[str, Any]:
    return {
        "metrics": {"f1_macro": value, "accuracy": value + 0.01},
        "intervals": {"f1_macro": [value - 0.04, value + 0.04]},
        "difference": {"f1_macro": difference},
    }


def _task(name: str, metric: str, test: float, alone: float | None, difference: list[float] | None) -> dict[str, Any]:
    own = {"run": f"tasks/{name}", "primary": metric, "test": test, "interval": [test * 0.95, test * 1.05]}
    return own if alone is None else own | {"alone": alone, "difference": difference}


def _curve(metric: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for step in range(1, 41):
        epoch = step / 10
        lines.append({"step": step, "epoch": epoch, "loss": 1.1 * 0.97**step, "learning_rate": 1e-3 * (1 - step / 41)})
        if step % 10 == 0:
            lines.append(
                {
                    "step": step,
                    "epoch": epoch,
                    f"validation_{metric}": 0.4 + 0.04 * epoch,
                    "validation_loss": 1.0 - 0.06 * epoch,
                }
            )
    return lines


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], RunMaker]:
    """Return a function that opens a new empty folder for an invented run."""
    return lambda: RunMaker(tmp_path_factory.mktemp("run"))


@pytest.fixture
def run(make_run: Callable[[], RunMaker]) -> RunMaker:
    """Return a maker of one invented run in an empty folder, `run.root`."""
    return make_run()
