"""ORCA's stage before training: what it does to a bridge, what it is refused for, and that a run goes on from it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import modaxfer
import modaxfer.runner.opening
import modaxfer.runner.training.alignment
from modaxfer.bridges.embed.align import mmd
from modaxfer.config import RunConfig, TrainOptions
from modaxfer.contracts import pool
from modaxfer.errors import ConfigError, MissingPackageError, RefusedError, UnknownNameError
from modaxfer.result import Result
from modaxfer.runner.beside.scratch import scratch_config
from modaxfer.runner.processes.accelerate import make_accelerator
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.training.alignment import align_bridges

QUICK = {"batch_size": 16, "precision": "fp32", "device": "cpu"}
ALIGNED = {"align": "mmd", "proxy": "digits", "align_steps": 30, "align_rate": 0.01, "align_rows": 60}


@pytest.fixture
def config(tiny, own_rows):
    """Return a function from options to a run of a ViT on texts, its bridge aligned with digits."""

    def made(**options):
        return RunConfig(
            encoder=(str(tiny("vit")),), strategy="full", bridge="embed", **QUICK, **own_rows("text"),
            set={f"bridge.{key}": value for key, value in {**ALIGNED, **options}.items() if value is not None},
        )  # fmt: skip

    return made


@pytest.fixture
def aligned(opened):
    """Return a function from a request and a folder to its aligned sessions and the report."""

    def done(config: RunConfig, folder: Path):
        sessions, tasks, context = opened(config)
        return sessions, align_bridges(sessions, tasks, context, folder)

    return done


def tensors(session) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in session.model.state_dict().items()}


@pytest.mark.parametrize("method", ["mmd", "otdd"])
def test_the_distance_falls_and_only_the_bridge_moves(method, config, opened, tmp_path) -> None:
    if method == "otdd":
        pytest.importorskip("ot")
    sessions, tasks, context = opened(config(align=method))
    before = tensors(sessions[0])
    found = align_bridges(sessions, tasks, context, tmp_path)["alignment"]
    assert {key: found[key] for key in ("method", "proxy", "rows", "steps")} == {
        "method": method, "proxy": "modaxfer/digits", "rows": 60, "steps": 30,
    }  # fmt: skip
    assert found["last"] < 0.7 * found["first"]
    moved = {name for name, tensor in tensors(sessions[0]).items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all(name.startswith("towers.0.bridge.") for name in moved)
    assert context.stages.seconds()["train"] > 0
    assert all(parameter.grad is None for parameter in sessions[0].model.parameters())


def test_rows_enter_nearer_to_what_enters_in_pretraining(config, opened, tmp_path) -> None:
    """Measured from outside: pictures through an encoder with its front, texts through the bridge."""
    from modaxfer.encoders.load import load_encoder

    sessions, tasks, context = opened(config())
    (session,), (resolved,) = sessions, tasks
    proxy = resolved.proxies[0]
    encoder = load_encoder(resolved.towers[0].encoder, options=resolved.towers[0].encoder_options)
    processor = encoder.processor("image")
    with torch.no_grad():
        pictures = processor(proxy.bridge(proxy.data.splits["train"].to_list()))
        source = pool(encoder.embed(processor.collate(pictures)), "mean")

    def distance() -> float:
        rows = session.splits["train"].rows
        with torch.no_grad():
            batch = session.processor.collate([rows[row] for row in range(len(rows))])
            tower = session.model.towers[0]
            return float(mmd(pool(tower.embed(batch), "mean"), source))

    before = distance()
    align_bridges(sessions, tasks, context, tmp_path)
    assert distance() < 0.7 * before


def test_it_is_the_same_every_time_and_taken_up_where_it_was_done(config, aligned, tmp_path, monkeypatch) -> None:
    def fail(*arguments, **settings):
        raise AssertionError("aligned a second time")

    asked = config(align_steps=5)
    (first, one), (second, two) = (aligned(asked, tmp_path / name) for name in ("first", "second"))
    monkeypatch.setattr(modaxfer.runner.training.alignment, "load_encoder", fail)
    third, three = aligned(asked, tmp_path / "first")  # As a run does that was killed behind it.
    assert one == two == three
    wanted = tensors(first[0])
    for again in (second, third):
        assert all(torch.equal(tensor, wanted[name]) for name, tensor in tensors(again[0]).items())


def test_without_the_option_nothing_is_done(config, opened, tmp_path) -> None:
    plain = config(**dict.fromkeys(ALIGNED))
    sessions, tasks, context = opened(plain)
    before = tensors(sessions[0])
    assert align_bridges(sessions, tasks, context, tmp_path / "none") == {}
    assert tasks[0].proxies[0] is None
    assert all(torch.equal(tensor, before[name]) for name, tensor in tensors(sessions[0]).items())
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("kind", [pytest.param("regression", marks=pytest.mark.slow), "multilabel"])
def test_targets_of_every_problem_are_compared(kind, config, aligned, own_rows, tmp_path) -> None:
    pytest.importorskip("ot")
    base = vars(config(align="otdd", align_steps=3))
    _, report = aligned(RunConfig(**{**base, **own_rows(kind)}), tmp_path)
    assert np.isfinite(report["alignment"]["last"])


@pytest.fixture
def no_weights(monkeypatch):
    def fail(*arguments, **settings):
        raise AssertionError("weights were loaded")

    for module in (modaxfer.runner.opening, modaxfer.runner.training.alignment):
        monkeypatch.setattr(module, "load_encoder", fail)


@pytest.mark.parametrize(
    ("encoder", "options", "error", "message"),
    [
        ("vit", {"proxy": None}, ConfigError, "needs features to move towards"),
        ("vit", {"proxy": "digitz"}, UnknownNameError, "unknown task.*did you mean digits"),
        ("vit", {"proxy": "breast-cancer"}, RefusedError, "breast-cancer is not what the encoder vit was made for"),
        ("bert", {}, RefusedError, r"digits is not what the encoder bert was made for.*image task.*one text task"),
        ("table", {}, RefusedError, "encoder table has no input of its own"),
        ("lstm", {}, RefusedError, "encoder lstm has no input of its own"),
    ],
)
@pytest.mark.usefixtures("no_weights")
def test_what_cannot_be_aligned_is_refused_before_weights(
    encoder, options, error, message, config, tiny, tmp_path
) -> None:
    name = encoder if encoder in ("table", "lstm") else str(tiny(encoder))
    settings = {**vars(config(**options)), "encoder": (name,), "output": str(tmp_path / "run")}
    with pytest.raises(error, match=message):
        modaxfer.train(RunConfig(**settings), quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("no_weights")
def test_a_missing_solver_is_said_before_weights(config, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(MissingPackageError, match=r"bridge.align=otdd needs the package POT.*modaxfer\[ot\]"):
        resolve_tasks(make_accelerator(config(align="otdd"))[1])


def test_the_baseline_from_scratch_goes_without(config) -> None:
    main = resolve_tasks(make_accelerator(config())[1])[0].config
    assert main.set["bridge.align"] == "mmd"
    told = {"bridge": "modaxfer/embed", "strategy": "modaxfer/full", "task": "own/reviews"}
    result = Result(status="completed", encoder={"id": "modaxfer/vit"}, **told)
    scratch = scratch_config(main, result)
    (resolved,) = resolve_tasks(scratch)
    assert resolved.proxies[0] is None
    assert resolved.towers[0].bridge_options.align == "none"
    assert resolved.options.train == TrainOptions()
