"""Two processes that hold half of the frozen layers each: as one, killed and resumed, and left alone by each other."""

from __future__ import annotations

import csv
import json
import random
import signal

import pytest
import torch
from safetensors.torch import load_file

import modaxfer
from modaxfer.api import make_config
from modaxfer.config import to_yaml
from modaxfer.result import Result
from modaxfer.runner.processes.shards import FSDP, SHARD
from two_processes import EACH, KILLED, RESUMED, in_two_processes

pytestmark = [pytest.mark.recipe, pytest.mark.slow]

SHARED = {"precision": "fp32", "device": "cpu", "batch_size": 5}
ROWS = {"train": 29, "validation": 1, "test": 7}
"""The last batch has fewer rows than the others, and validation fewer than there are processes."""
STEPS = 6
"""Of an epoch."""

LOOKED_AT = """
import json, os, sys
from pathlib import Path
from torch.distributed.tensor import DTensor
from modaxfer.runner.training.streams import TrainStream

parts, seen, folder = TrainStream.parts, [], sys.argv.pop(1)

def counted(stream, rows):
    made = parts(stream, rows)
    layers = [one for layer in stream.session.model.encoder.layers for one in layer.named_parameters()]
    own = sum(one.to_local().nbytes for _, one in layers if isinstance(one, DTensor))
    all_of_it = sum(one.numel() * one.element_size() for name, one in layers if "lora" not in name)
    seen.append([sum(part.present for part in made), len(made), own, all_of_it])
    Path(folder, f"seen-{os.environ['RANK']}.json").write_text(json.dumps(seen))
    return made

TrainStream.parts = counted
"""
"""Notes the passes of each step, and the bytes of frozen layers that this process has between steps."""

ODD = """
from modaxfer.runner.training.step import StepModule
import os
per_row, taken = StepModule._per_row, []

def odd(*given):
    taken.append(given)
    if os.environ["RANK"] == "1" and len(taken) == 8:
        raise ValueError("row 7 is odd")
    return per_row(*given)

StepModule._per_row = odd
"""
"""One of two processes fails in the middle of a step."""


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Return a folder of texts of very different lengths, so that processes differ in the passes of a step."""
    folder, chance = tmp_path_factory.mktemp("rows"), random.Random(3)
    words = {"held": ("right", "that", "court"), "denied": ("wrong", "was", "plaintiff")}
    for name, count in ROWS.items():
        labels = [list(words)[place % 2] for place in range(count)]
        texts = [" ".join(chance.choices(words[label], k=chance.choice((2, 3, 5, 9, 40)))) for label in labels]
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *zip(texts, labels, strict=True)])
    return folder


@pytest.fixture(scope="module")
def runs(rows, tiny, tmp_path_factory):
    """Return a folder of runs of one process and of two with shards, and what these said."""
    folder = tmp_path_factory.mktemp("sharded")
    paths = {}
    for name in ("lora", "upper", "frozen", "broken"):
        request = requests(rows, tiny)[name]
        if name != "broken":
            modaxfer.train(**request, output=folder / "one" / name, quiet=True)
        paths[name] = folder / f"{name}.yaml"
        paths[name].write_text(to_yaml(make_config(**request, num_processes=2, output=folder / "two" / name)))
    by_accelerate = {FSDP: "true", "FSDP_VERSION": "2", "FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}
    words = (str(int(signal.SIGKILL)), str(2 * STEPS + 3), "train", "--config", str(paths.pop("broken")))
    statuses, said = in_two_processes(KILLED, *words, environment=by_accelerate)
    assert statuses == [-signal.SIGKILL] * 2, said
    words = (str(folder), str(folder / "two" / "broken"), *map(str, paths.values()))
    statuses, said = in_two_processes(LOOKED_AT + RESUMED + EACH, *words, environment={SHARD: "1"})
    assert statuses == [0, 0], said
    return folder, said


def requests(rows, tiny):
    """Return what is trained, by name."""
    asked = {**SHARED, "encoder": str(tiny("bert")), "data": str(rows), "text": ("text",)}
    options = {"patience": 0, "train.max_tokens": 48}
    lora = {**asked, "strategy": "lora", "epochs": 3, "learning_rate": 1e-3, "set": options}
    return {
        "lora": lora,
        "broken": lora,
        "upper": lora | {"set": options | {"strategy.from_layer": 1, "soup": 2, "head_first": True}},
        "frozen": {key: value for key, value in asked.items() if key != "batch_size"} | {"strategy": "frozen"},
    }


def tensors(run):
    found = {}
    for path in sorted((run / "model").rglob("*.safetensors")):
        found |= {f"{path.relative_to(run)}:{name}": tensor for name, tensor in load_file(path).items()}
    return found


def defined(metrics):
    """Return the metrics that one row of validation has."""
    return {name: value for name, value in metrics.items() if value is not None}


@pytest.mark.parametrize("name", ["lora", "upper", "frozen"])
def test_two_processes_agree_with_one_within_rounding(name, runs):
    folder, _ = runs
    one, two = (Result.load(folder / many / name) for many in ("one", "two"))
    assert (one.num_processes, two.num_processes) == (1, 2)
    for split in ("train", "validation", "test"):
        first, second = (defined(run.metrics[split]) for run in (one, two))
        assert second == pytest.approx(first, rel=1e-5, abs=1e-6)
    for first, second in zip(one.training["phases"], two.training["phases"], strict=True):
        assert second.get("terms", {}) == pytest.approx(first.get("terms", {}), rel=1e-4)
    first, second = tensors(folder / "one" / name), tensors(folder / "two" / name)
    assert first.keys() == second.keys()
    for key, tensor in first.items():
        torch.testing.assert_close(second[key], tensor, rtol=1e-4, atol=1e-5, msg=key)


def test_processes_make_equally_many_passes_of_steps_that_give_them_unequally_many(runs):
    seen = [json.loads((runs[0] / f"seen-{rank}.json").read_text()) for rank in "01"]
    here, there = ([step[0] for step in each] for each in seen)
    assert any(one != other for one, other in zip(here, there, strict=True))
    assert [step[1] for step in seen[0]] == [step[1] for step in seen[1]]


def test_each_process_has_half_of_the_frozen_layers_between_steps(runs):
    for rank in "01":
        for _, _, own, whole in json.loads((runs[0] / f"seen-{rank}.json").read_text()):
            assert own == pytest.approx(whole / 2, rel=0.02)
    told = Result.load(runs[0] / "two" / "lora").training["shards"]
    assert (told["processes"], told["own"], told["frozen"]) == (2, own, whole)


def test_killed_processes_resume_to_what_an_unbroken_run_is(runs):
    folder, said = runs
    assert f"resumed after step {2 * STEPS}" in said
    assert Result.load(folder / "two" / "broken").metrics == Result.load(folder / "two" / "lora").metrics
    broken, whole = tensors(folder / "two" / "broken"), tensors(folder / "two" / "lora")
    for key, tensor in whole.items():
        torch.testing.assert_close(broken[key], tensor, rtol=0, atol=1e-6, msg=key)


def test_the_run_is_an_ordinary_one(runs):
    folder, _ = runs
    texts = [{"text": "right that court"}, {"text": "wrong was plaintiff"}]
    one, two = (modaxfer.load(folder / many / "lora").predict(texts) for many in ("one", "two"))
    assert [row["prediction"] for row in one] == [row["prediction"] for row in two]


def test_a_process_that_is_left_alone_ends_with_the_error_of_the_other(rows, tiny, tmp_path):
    config = make_config(**requests(rows, tiny)["lora"], num_processes=2, output=tmp_path / "run")
    (tmp_path / "config.yaml").write_text(to_yaml(config))
    code = ODD + "import sys\nfrom modaxfer.cli.main import run\nrun(sys.argv[1:])"
    words = ("train", "--config", str(tmp_path / "config.yaml"))
    statuses, said = in_two_processes(code, *words, environment={SHARD: "1"})
    assert statuses == [1, 1], said
    assert "another process of the run failed. Got: process 1: row 7 is odd" in said
    assert "row 7 is odd" in json.loads((tmp_path / "run" / "result.json").read_text())["error"]
