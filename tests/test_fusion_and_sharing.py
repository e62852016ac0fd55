"""The benchmarks of fusion and sharing: what they run, skip and store, and the tables made of it."""

from __future__ import annotations

import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from finished_benchmarks import finish, settle
from modaxfer.cli.main import cli
from modaxfer.registry import registry
from modaxfer.result import Result
from scripts import status_of

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module
    for name in ("fusion", "sharing", "resumable", "machine"):
        sys.modules.pop(name, None)


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield lambda name: getattr(importlib.import_module(f"tables.{name}"), name)
    for name in [name for name in sys.modules if name.split(".")[0] == "tables"]:
        sys.modules.pop(name)


SOLVED = {"head": "ridge", "layers": [7], "pooling": "mean"}
TRAINED = {"steps": 3}
JOINED = {"how": "stack", "head": "stack (ridge) of lda and knn"}
PARTS = {
    "image": {"rows": 40, "metrics": {"accuracy": 0.55}, "difference": {"accuracy": [0.1, 0.3]}},
    "text": {"rows": 40, "metrics": {"accuracy": 0.65}, "difference": {"accuracy": [0.05, 0.2]}},
}


def finish_fusion(fusion, runs, comparison):
    """Finish all runs of a comparison; text is the better modality, gated the better join."""
    right = {"image": 20, "text": 26, "auto": 27, "concat": 30, "gated": 38, "cross": 28, "vote": 25}
    for command in fusion.commands(comparison):
        folder, name = command.folder(runs), command.cell.rpartition("-")[2]
        settle(command, folder)
        phase = SOLVED if name in fusion.ENCODERS else JOINED if name == "auto" else TRAINED
        finish(folder, right[name] - command.seed, phase=phase, ablation={} if phase is SOLVED else PARTS)


def finish_sharing(sharing, runs, command):
    """Finish a run whose first task gains by sharing; it has trained its tasks alone if the command says so."""
    folder = command.folder(runs)
    settle(command, folder)
    tasks = [f"domain/{task}" for task in command.flags["task"]]
    finish(folder, 20, phase=TRAINED, tasks={task: {} for task in tasks})
    for number, task in enumerate(tasks):
        finish(folder / "tasks" / task.replace("/", "-"), 36 if not number else 25, phase=TRAINED)
        if command.options["strategy.alone"]:
            finish(folder / "alone" / task.replace("/", "-"), 25, phase=TRAINED)


def all_commands(bench):
    fusion, sharing = bench("fusion"), bench("sharing")
    fused = [command for comparison in fusion.COMPARISONS for command in fusion.commands(comparison)]
    return [*fused, *(command for group in sharing.GROUPS for command in group.commands())]


def test_what_the_issue_names_is_there(bench):
    fusion, sharing = bench("fusion"), bench("sharing")
    assert {"fashion-products", "nlvr"} <= {each.task for each in fusion.COMPARISONS}
    assert {(group.encoder, group.tasks) for group in sharing.GROUPS} == {
        ("bert", ("rt-polarity", "legal-sentiment", "trec-questions")),
        ("vit", ("digits-mnist", "spoken-digits")),
    }


def test_a_task_of_one_field_differs_from_that_of_both_in_the_fields_only(bench):
    for comparison in bench("fusion").COMPARISONS:
        both = registry().get("task", comparison.task).spec
        for kind in ("image", "text"):
            one = registry().get("task", getattr(comparison, kind)).spec
            assert [field.signal.kind for field in one.fields] == [kind]
            assert set(one.fields) <= set(both.fields)
            assert (one.target, one.splits, one.sources) == (both.target, both.splits, both.sources)


def test_every_run_has_a_folder_of_its_own_and_a_command_that_train_takes(bench, tmp_path):
    commands = all_commands(bench)
    folders = [command.folder(tmp_path) for command in commands]
    assert len(set(folders)) == len(folders)
    for command in commands[::7]:
        words = command.line(tmp_path)[3:]
        found = CliRunner().invoke(cli, [*words, "--help"])
        assert found.exit_code == 0, found.output
        flags = {word for word in words if word.startswith("--")}
        assert {"--seed", "--output"} <= flags <= set(found.output.replace(",", " ").split())
        assert "--resume" not in words
    (tmp_path / "config.yaml").write_text("x: 1")
    assert commands[0].line(tmp_path)[-1] == "--resume"


def test_flags_that_are_given_several_times(bench, tmp_path):
    (command,) = [c for c in all_commands(bench) if (c.cell, c.seed) == ("text-uncertainty", 1)]
    line = " ".join(command.line(tmp_path))
    assert "--task rt-polarity --task legal-sentiment --task trec-questions" in line
    assert "--set strategy.weighting=uncertainty --set strategy.alone=False" in line


def test_only_what_is_missing_is_run(bench, tmp_path, monkeypatch, capsys):
    fusion, resumable = bench("fusion"), bench("resumable")
    first = fusion.commands(fusion.COMPARISONS[0])[:5]
    done, unfinished, failed, other, absent = (dataclasses.replace(command, forked=False) for command in first)
    for command in (done, unfinished, failed):
        settle(command, command.folder(tmp_path))
    finish(done.folder(tmp_path), 30, phase=SOLVED)
    finish(failed.folder(tmp_path), 30, phase=SOLVED)
    broken = dataclasses.replace(Result.load(failed.folder(tmp_path)), status="failed")
    broken.save(failed.folder(tmp_path))
    settle(dataclasses.replace(other, options={}), other.folder(tmp_path))
    model = absent.folder(tmp_path) / "tasks" / "x" / "model"
    ran = []

    def run(command, **settings):
        assert settings["env"]["HF_HUB_OFFLINE"] == "1"
        ran.append(command)
        model.mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(resumable.subprocess, "run", run)
    found = [resumable.run_missing(command, tmp_path) for command in (done, unfinished, failed, other, absent)]
    assert found == [True, True, True, False, True]
    assert ran[0][-1] == "--resume"
    assert [line[line.index("--output") + 1] for line in ran] == [
        str(command.folder(tmp_path)) for command in (unfinished, failed, absent)
    ]
    assert "--resume" not in ran[1]
    assert "made with other settings. Fix: remove" in capsys.readouterr().err
    assert not model.exists()


@pytest.mark.parametrize("name", ["fusion", "sharing"])
def test_without_rows_it_says_so_and_stops(name, monkeypatch, capsys):
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    assert status_of(ROOT / "benchmarks" / f"{name}.py", monkeypatch) == 2
    assert "set MODAXFER_DATA to the folder that holds the data sets" in capsys.readouterr().err


def test_seeds_and_cells_can_be_chosen(bench, tmp_path, monkeypatch):
    resumable, made = bench("resumable"), []
    commands = [resumable.Command(cell=cell, seed=seed) for cell in "ab" for seed in (0, 1)]
    monkeypatch.setattr(resumable, "run_missing", lambda command, runs: made.append((command.cell, command.seed)))
    monkeypatch.setenv("MODAXFER_DATA", str(tmp_path))
    common = {"description": "", "commands": commands, "runs": tmp_path, "output": tmp_path / "found.json"}
    code = resumable.main(["--only", "b", "--seeds", "1"], describe=lambda runs: {"x": 1}, after=made.append, **common)
    assert (code, made) == (1, [("b", 1), tmp_path / "found.json"])
    assert json.loads((tmp_path / "found.json").read_text())["x"] == 1


def test_the_better_modality_and_the_better_join_are_chosen_by_validation(bench, tmp_path):
    fusion = bench("fusion")
    assert fusion.describe(tmp_path) == {"tasks": []}
    finish_fusion(fusion, tmp_path, fusion.COMPARISONS[0])
    (task,) = fusion.describe(tmp_path)["tasks"]
    assert (task["best_alone"], task["best_fused"]) == ("text", "gated")
    assert task["gain"]["value"] == pytest.approx((38 - 26) / 40)
    assert 0 < task["gain"]["interval"][0] < 0.3 < task["gain"]["interval"][1]
    by_name = {cell["name"]: cell for cell in task["cells"]}
    assert by_name["image"]["test"] == pytest.approx(19 / 40)
    assert by_name["image"]["deviation"] == pytest.approx(1 / 40)
    assert by_name["vote"]["gain"]["value"] == pytest.approx(-1 / 40)
    assert by_name["text"]["gain"] is None
    assert task["ablation"]["text"] == {"test": 0.65, "difference": [0.05, 0.2]}


def test_runs_of_other_settings_are_not_described(bench, tmp_path):
    fusion = bench("fusion")
    first = fusion.COMPARISONS[0]
    finish_fusion(fusion, tmp_path, dataclasses.replace(first, image_size=8))
    assert fusion.describe(tmp_path) == {"tasks": []}


def test_both_weightings_are_measured_against_the_same_runs_alone(bench, tmp_path):
    sharing = bench("sharing")
    group = sharing.GROUPS[0]
    assert sharing.describe(tmp_path) == {"groups": []}
    finish_sharing(sharing, tmp_path, group.command("uncertainty", 0))
    assert sharing.describe(tmp_path) == {"groups": []}
    finish_sharing(sharing, tmp_path, group.command("sum", 0))
    summed, learned = sharing.describe(tmp_path)["groups"]
    assert (summed["weighting"], learned["weighting"]) == ("sum", "uncertainty")
    for found in (summed, learned):
        first, second, _ = found["tasks"]
        assert (first["task"], first["shared"], first["alone"]) == ("rt-polarity", 36 / 40, 25 / 40)
        assert first["gain"] == pytest.approx(11 / 40)
        assert first["interval"][0] > 0
        assert second["gain"] == 0
        assert first["shared_deviation"] is None


def test_the_pages_say_what_was_measured(bench, tables, tmp_path):
    fusion, sharing, resumable = bench("fusion"), bench("sharing"), bench("resumable")
    finish_fusion(fusion, tmp_path, fusion.COMPARISONS[0])
    finish_sharing(sharing, tmp_path, sharing.GROUPS[1].command("sum", 0))
    for module, name in ((fusion, "fusion"), (sharing, "sharing")):
        resumable.store(tmp_path / f"{name}.json", module.describe(tmp_path))
        assert str(tmp_path) not in (tmp_path / f"{name}.json").read_text()
    joined = tables("fusion")(tmp_path / "fusion.json")
    assert "### `fashion-season`" in joined
    assert "| **text alone** | `offline/x` | ridge on layer 7, mean |" in joined
    assert "| **joined: gated** | `offline/x` | dense, by gradient | 0.915 | 0.925 ± 0.025 |" in joined
    assert "By validation, `gated` over text alone: **+0.300**" in joined
    assert "joining gained" in joined
    assert "0.550 (+0.100 to +0.300 more with all parts) given the image only" in joined
    shared = tables("sharing")(tmp_path / "sharing.json")
    assert "### `digits-mnist` + `spoken-digits` on one `vit`, losses weighed alike" in shared
    assert "500 training rows a task, 3 epochs, 1 seed, `encoder.image_size=112`." in shared
    assert "| 0.900 | 0.625 | +0.275 |" in shared
    assert "| gain | 100 / 40 |" in shared
    assert "| +0.000 | +0.000 to +0.000 | no evidence | 100 / 40 |" in shared


@pytest.mark.parametrize("name", ["fusion", "sharing"])
def test_before_a_measurement_the_table_says_so(tables, name, tmp_path):
    assert tables(name)(tmp_path / "nothing.json") == f"Not measured yet: run `make {name}`."
