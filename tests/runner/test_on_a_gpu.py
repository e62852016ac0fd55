"""Runs on a GPU: ``make test-gpu``, where there is one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import modaxfer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("encoder", "strategy", "kind"),
    [("bert", "full", "text"), ("vit", "lora", "text"), ("vit", "full", "image"), ("wav2vec2", "frozen", "audio")],
)
def test_a_run_of_a_gpu_says_the_same_where_there_is_none(
    encoder: str,
    strategy: str,
    kind: str,
    precision: str,
    tiny: Callable[[str], Path],
    own_rows: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = own_rows(kind)
    epochs = {} if strategy == "frozen" else {"epochs": 2}
    run = modaxfer.train(
        encoder=tiny(encoder), strategy=strategy, output=str(tmp_path / "run"), device="cuda", quiet=True,
        precision=precision, **epochs, **rows,
    )  # fmt: skip
    assert run.result.status == "completed"
    assert run.result.device == "cuda"
    there = run.predict_proba(rows["data"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    here = modaxfer.load(run.folder).predict_proba(rows["data"])
    np.testing.assert_allclose(here, there, atol=1e-3 if precision == "fp32" else 0.03)


def test_what_a_gpu_pretrains_is_the_same_whoever_prepares_its_rows(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    words = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")
    (tmp_path / "notes.txt").write_text("\n".join(" ".join(rng.choice(words, 6)) for _ in range(300)))

    def history(workers: int) -> list[dict[str, float]]:
        made = modaxfer.pretrain(
            encoder=tiny("vit"), teacher=str(tiny("bert")), objective="distillation", weights="random", device="cuda",
            precision="fp32", data=str(tmp_path / "notes.txt"), steps=30, batch_size=16, validate_every=15,
            workers=workers, output=str(tmp_path / f"by-{workers}"), set={"unit": "words", "kept": 0}, quiet=True,
        )  # fmt: skip
        told: list[dict[str, float]] = json.loads((made / "pretraining.json").read_text())["history"]
        return told

    alone, ahead = history(0), history(3)
    assert alone[-1]["loss"] < alone[0]["loss"]
    for one, other in zip(alone, ahead, strict=True):
        assert one == pytest.approx(other, rel=1e-2, abs=1e-3)
