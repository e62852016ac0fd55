"""A whole run as the start of another: its head, bridge and classes are taken, and no label of the new rows is seen."""

from __future__ import annotations

import csv
import json

import pytest

import modaxfer
from modaxfer.contracts.sealed import Sealed
from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.runner.predict.evaluate import evaluate
from modaxfer.runner.predict.score import score_rows
from modaxfer.testing.material.tiny_files import BAD, GOOD

pytestmark = pytest.mark.recipe

QUICK = {"precision": "fp32", "device": "cpu", "quiet": True}


def write(path, positives, names=("negative", "positive"), rows=60):
    """Write reviews of which so many are good."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("text", "label"))
        for row in range(rows):
            good = row < positives
            words = (GOOD if good else BAD)[row % 3 :]
            lines.writerow((" ".join([*words, "court", chr(97 + row % 26), chr(97 + row // 26)]), names[good]))
    return str(path)


@pytest.fixture(scope="module")
def parent(tiny, tmp_path_factory):
    """A model of half good, half bad reviews."""
    folder = tmp_path_factory.mktemp("parent")
    return modaxfer.train(
        encoder=str(tiny("bert")), strategy="full", data=write(folder / "source.csv", 30), text="text",
        output=str(folder / "run"), epochs=6, batch_size=8, learning_rate=3e-3, **QUICK,
    ).folder  # fmt: skip


@pytest.fixture
def go_on(parent, tmp_path):
    """Return a function that goes on from the parent to rows of which most are good."""

    def go_on(name="run", *, names=("negative", "positive"), **changes):
        settings = {"data": write(tmp_path / f"{name}.csv", 50, names), "strategy": "label-shift", **changes}
        return modaxfer.train(encoder=str(parent), text="text", output=str(tmp_path / name), **settings, **QUICK)

    return go_on


def test_a_run_is_corrected_without_a_label_saved_and_asked_again(parent, go_on, tmp_path, monkeypatch) -> None:
    opened, unseal = [], Sealed.unseal
    monkeypatch.setattr(Sealed, "unseal", lambda self: opened.append(len(self)) or unseal(self))
    run = go_on()
    result = run.result
    assert len(opened) == 3
    assert set(result.baselines) == {"chance", "source_only"}
    assert result.training["phases"] == []
    told = result.training["correction"]
    assert (told["name"], told["method"]) == ("label-shift", "em")
    assert told["target"]["positive"] > told["source"]["positive"]
    adaptation = result.data["adaptation"]
    assert (adaptation["hidden"], adaptation["validated_on"]) == (True, "no labels")
    assert not (run.folder / "bounds").exists()
    # The bar is the run before on the very same rows.
    test = run.predictions[["text", "target"]].rename(columns={"target": "label"})
    before = score_rows(parent, test.to_dict("records"), label="label")["metrics"]
    bar = result.baselines["source_only"]
    assert {name: bar[name] for name in before} == pytest.approx(before, abs=1e-6)
    assert bar["run"] == str(parent.resolve())
    # What is saved is the corrected model.
    described = json.loads((run.folder / "model/model.json").read_text())
    assert (described["head"]["kind"], described["head"]["head"]["kind"]) == ("modaxfer/scaled", "modaxfer/linear")
    assert evaluate(run.folder)["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6)
    assert run.predict("right held that court")[0]["prediction"] == "positive"
    # It saw no label, so nothing is known of its mistakes.
    assert (parent / "validation.parquet").is_file()
    with pytest.raises(DataError, match=r"does not say what its model said of validation rows"):
        modaxfer.train(encoder=str(run.folder), strategy="label-shift", data=str(tmp_path / "run.csv"), text="text",
                       output=str(tmp_path / "again"), **QUICK)  # fmt: skip


def test_classes_of_other_names_are_mapped_and_keep_the_order_of_the_outputs(go_on, tmp_path) -> None:
    (tmp_path / "classes.yaml").write_text("negative: worse\npositive: better\n")
    run = go_on(names=("worse", "better"), map_classes=str(tmp_path / "classes.yaml"))
    assert run.result.data["classes"] == ["worse", "better"]
    assert run.predict("right held that court")[0]["prediction"] == "better"
    assert run.result.metrics["test"]["accuracy"] > 0.7


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"names": ("worse", "positive")}, RefusedError, r"does not know all classes.*Got: worse.*--map-classes"),
        ({"set": {"encoder.pooling": "cls"}}, ConfigError, r"stay as the run had them.*encoder.pooling=cls"),
        ({"set": {"underneath": "lora"}}, ConfigError, r"underneath would do nothing with a run that is taken"),
        ({"epochs": 3}, ConfigError, r"strategy label-shift trains nothing and takes no steps"),
        ({"weights": "random"}, RefusedError, r"goes on from a whole run.*Got: --weights random"),
        ({"strategy": "shot", "baseline": "scratch"}, RefusedError, r"no head to go on with"),
        ({"bridge": "embed"}, RefusedError, r"behind another bridge.*Allowed: modaxfer/native-text"),
        ({"shots": 2}, RefusedError, r"--shots are labelled rows"),
    ],
)
def test_what_does_not_fit_the_head_is_refused(changes, error, message, go_on) -> None:
    with pytest.raises(error, match=message):
        go_on(**changes)


@pytest.mark.usefixtures("no_weights")
def test_a_checkpoint_is_no_run(tiny, own_rows, tmp_path) -> None:
    with pytest.raises(RefusedError, match=r"goes on from a whole run.*which is no run.*or a labelled source with"):
        modaxfer.train(encoder=str(tiny("bert")), strategy="label-shift", output=str(tmp_path / "run"),
                       **own_rows("text"), **QUICK)  # fmt: skip
