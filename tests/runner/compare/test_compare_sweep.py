"""Cells run one after another, whatever comes of each; started again, only what is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from modaxfer.errors import CheckpointUnavailableError, ConfigError, PluginError, RefusedError, RunFailedError
from modaxfer.result import Result
from modaxfer.runner.beside.schedule import AGAIN
from modaxfer.runner.claims.hold import HeldError
from modaxfer.runner.compare import cell as module
from modaxfer.runner.compare.folder import claim
from modaxfer.runner.compare.grid import read_grid
from modaxfer.runner.compare.ledger import read_cells
from modaxfer.runner.compare.sweep import Sweep
from modaxfer.runner.folder import store_config
from modaxfer.runner.progress import Progress
from modaxfer.tasks.memory import Memory


class Runner:
    """Stands in for `run_with_companions`: writes what a run writes, or fails as it is told to."""

    def __init__(self):
        self.ran, self.resumed, self.trouble, self.before = [], [], {}, {}

    def __call__(self, config, *, resume, shared, progress, memory, observed):
        assert shared, "a setting of the whole grid may play no part in one cell"
        folder = Path(config.output)
        self.ran.append(folder.name)
        self.resumed += [folder.name] if resume else []
        error = self.trouble.get((config.encoder[0], config.strategy))
        load = self.before.get((config.encoder[0], config.strategy))
        if error is None or load is not None:
            store_config(replace(config, precision="fp32", set={"strategy.rank": 8}), folder)
            result = Result(
                status="failed" if error else "completed",
                encoder={"id": "modaxfer/bert", "checkpoint": "tiny"},
                bridge="modaxfer/native-text",
                strategy="modaxfer/full",
                task="modaxfer/digits",
                metrics={} if error else {"test": {"accuracy": 0.5}, "primary": "accuracy"},
                time_s={"load": load or 0.0, "total": 1.0},
                error=str(error) if error else None,
            )
            result.save(folder)
        if error is not None:
            raise error
        return result, folder


class Heard(Progress):
    def __init__(self):
        super().__init__()
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def runner(monkeypatch):
    made = Runner()
    monkeypatch.setattr(module, "run_with_companions", made)
    return made


@pytest.fixture
def start(tmp_path, runner):
    """Start one comparison in one folder, again and again."""

    def start(retry_failed=False, **changes):
        values = {"encoder": "a,b", "strategy": "full,lora", "task": "digits", "output": str(tmp_path / "out")}
        grid = read_grid({**values, **changes})
        heard, runs, changed = Heard(), [], []
        runner.ran.clear()
        runner.resumed.clear()
        made = Sweep(
            grid,
            claim(grid),
            progress=heard,
            retry_failed=retry_failed,
            on_run=lambda result, folder: runs.append(folder.name),
            on_change=lambda: changed.append(len(read_cells(tmp_path / "out"))),
        ).run()
        return made, heard.lines, runs, changed

    return start


def statuses(cells):
    return [cell.status for cell in cells]


def test_each_cell_is_a_run_and_is_stored_when_it_ends(start, runner, tmp_path):
    cells, lines, runs, changed = start()
    names = ["a-full-digits-seed0", "a-lora-digits-seed0", "b-full-digits-seed0", "b-lora-digits-seed0"]
    assert runner.ran == runs == names
    assert (changed[0], changed[-2:]) == (1, [4, 4]), "at once, when all have ended, and with the evidence"
    assert statuses(cells) == ["completed"] * 4
    assert cells[0].run == "cells/a-full-digits-seed0"
    assert re.fullmatch(r"\[2/4\] a lora digits seed 0: accuracy 0\.500 \(\d+ s\)", lines[1])
    assert read_cells(tmp_path / "out") == cells


def test_refused_and_failed_cells_are_rows_and_the_rest_goes_on(start, runner, tmp_path):
    runner.trouble = {
        ("a", "full"): RefusedError("no way from here", got="a b", fix="go elsewhere"),
        ("a", "lora"): RunFailedError("the loss is nan"),
        ("b", "full"): ValueError("two\nlines"),
    }
    cells, lines, runs, _ = start()
    assert statuses(cells) == ["refused", "failed", "failed", "completed"]
    assert [cell.reason for cell in cells] == [
        "no way from here. Got: a b. Fix: go elsewhere.",
        "the loss is nan.",
        "ValueError: two lines",
        None,
    ]
    assert [cell.run for cell in cells] == [None, None, "cells/b-full-digits-seed0", "cells/b-lora-digits-seed0"]
    assert lines[0] == "[1/4] a full digits seed 0: refused: no way from here. Got: a b. Fix: go elsewhere."
    assert "ValueError: two" in (tmp_path / "out" / "cells" / "b-full-digits-seed0" / "traceback.txt").read_text()
    assert runs == ["b-lora-digits-seed0"]
    assert not (tmp_path / "out" / "cells" / "a-full-digits-seed0").exists()


@pytest.mark.parametrize(
    ("error", "load", "status"),
    [
        (CheckpointUnavailableError("the hub is away"), 0.0, "refused"),
        (RefusedError("said too late"), 1.5, "failed"),
        (RunFailedError("the loss is nan"), 1.5, "failed"),
        (PluginError("its module is missing"), None, "failed"),
        (SystemExit(), None, "failed"),
    ],
)
def test_a_refusal_comes_before_weights_and_is_the_requests_fault(error, load, status, start, runner, tmp_path):
    runner.trouble, runner.before = {("a", "full"): error}, {("a", "full"): load}
    cells, _, runs, _ = start(encoder="a", strategy="full")
    assert statuses(cells) == [status]
    left = (tmp_path / "out" / "cells" / "a-full-digits-seed0" / "result.json").exists()
    assert left == bool(load)
    assert runs == (["a-full-digits-seed0"] if load else [])


def test_started_again_only_what_is_missing_runs(start, runner):
    runner.trouble = {("a", "full"): RefusedError("no"), ("b", "full"): RunFailedError("nan")}
    first, *_ = start()
    runner.trouble = {}
    second, lines, _, _ = start()
    assert runner.ran == ["a-full-digits-seed0"], "the refused one is asked again, the failed one is kept"
    assert statuses(second) == ["completed", "completed", "failed", "completed"]
    assert second[1] == first[1]
    took = [line.rpartition(" (")[2] for line in lines if "accuracy" in line]
    assert took[0].endswith(" s)")
    assert took[1:] == ["from before)", "from before)"]
    third, *_ = start(retry_failed=True)
    assert runner.ran == ["b-full-digits-seed0"]
    assert statuses(third) == ["completed"] * 4


def test_results_are_found_without_the_table(start, runner, tmp_path):
    first, *_ = start()
    (tmp_path / "out" / "compare.json").unlink()
    second, *_ = start()
    assert runner.ran == []
    assert second == first


def test_a_cell_that_was_broken_off_is_resumed_if_it_is_the_same(start, runner, tmp_path):
    start()
    cells = tmp_path / "out" / "cells"
    (cells / "a-full-digits-seed0" / "result.json").unlink()
    (cells / "a-lora-digits-seed0" / "result.json").unlink()
    config = cells / "a-lora-digits-seed0" / "config.yaml"
    config.write_text(config.read_text().replace("limit: null", "limit: 7"))
    (cells / "b-full-digits-seed0" / "config.yaml").write_text("]")
    notes = cells / "a-lora-digits-seed0" / "notes.txt"
    notes.write_text("mine")
    made, lines, *_ = start()
    assert runner.ran == ["a-full-digits-seed0", "a-lora-digits-seed0", "b-full-digits-seed0"]
    assert runner.resumed == ["a-full-digits-seed0"]
    assert statuses(made) == ["completed"] * 4
    assert not notes.exists()
    # What holds a result or somebody's files is never deleted.
    assert (cells / "a-lora-digits-seed0.old" / "notes.txt").read_text() == "mine"
    assert Result.load(cells / "b-full-digits-seed0.old").status == "completed"
    assert [line for line in lines if "of another request or holds other files" in line] == [
        f"kept {cells / name}, which is of another request or holds other files, as {name}.old"
        for name in ("a-lora-digits-seed0", "b-full-digits-seed0")
    ]


def test_a_failed_cell_that_is_tried_again_leaves_nothing_but_what_is_somebodys(start, runner, tmp_path):
    runner.trouble = {("a", "full"): RunFailedError("nan")}
    cells = tmp_path / "out" / "cells"
    for notes in (False, True):
        runner.before = {("a", "full"): 1.0}
        start(encoder="a", strategy="full", retry_failed=True)
        if notes:
            (cells / "a-full-digits-seed0" / "model").mkdir()
            (cells / "a-full-digits-seed0" / "model" / "why.md").touch()
    start(encoder="a", strategy="full", retry_failed=True)
    found = sorted(path.name for path in cells.iterdir())
    assert found == ["a-full-digits-seed0", "a-full-digits-seed0.old"]
    assert (cells / "a-full-digits-seed0.old" / "model" / "why.md").exists()


def test_an_interrupt_stops_and_keeps_what_was_done(start, runner, tmp_path):
    runner.trouble = {("b", "full"): KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        start()
    assert runner.ran[-1] == "b-full-digits-seed0"
    assert statuses(read_cells(tmp_path / "out")) == ["completed"] * 2


def test_a_launcher_of_several_processes_is_refused(start, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(ConfigError, match="starts the processes of its runs itself"):
        start()


def test_a_damaged_result_is_one_cells_matter(start, runner, tmp_path):
    start()
    target = tmp_path / "out" / "cells" / "a-lora-digits-seed0"
    (target / "result.json").write_text("{ not", encoding="utf-8")
    cells, lines, _, _ = start()
    assert statuses(cells) == ["completed"] * 4
    assert runner.ran == [target.name]
    assert any("the result of a cell is damaged, so the cell is run again" in line for line in lines)
    assert (target.with_name(f"{target.name}.old") / "result.json").read_text() == "{ not"


def test_a_cell_whose_companions_are_missing_is_gone_on_with(start, runner, tmp_path):
    asked = {"encoder": "a", "strategy": "full", "baseline": "scratch"}
    start(**asked)
    # The stand-in runs none: as if killed beside the finished run.
    start(**asked)
    assert (runner.ran, runner.resumed) == (["a-full-digits-seed0"],) * 2
    target = tmp_path / "out" / "cells" / "a-full-digits-seed0"
    told = replace(Result.load(target), warnings=(f"the run beside this one failed{AGAIN}",))
    told.save(target)
    start(**asked)
    assert runner.ran == []
    start(retry_failed=True, **asked)
    assert runner.ran == ["a-full-digits-seed0"]


def test_a_cell_in_a_process_of_its_own_waits_for_its_folder(runner, tmp_path, monkeypatch):
    config = read_grid({"encoder": "a", "strategy": "full", "task": "digits", "output": str(tmp_path / "out")})
    (cell,) = config.cells(tmp_path / "out")
    runner.trouble = {("a", "full"): HeldError(Path(str(cell.config.output)), "process 7 on a since then")}
    monkeypatch.setattr(module.time, "sleep", lambda seconds: runner.trouble.clear())
    said = []
    runs = module.CellRun(
        progress=Progress(False), say=said.append, memory=Memory(), on_run=lambda result, folder: None
    )
    outcome = runs.make(cell.config, waits=True)
    assert (outcome.status, outcome.reason, len(runner.ran)) == ("completed", None, 2)
    assert "waits: another process is writing into the output folder. Got: " in said[0]
    outcome.write(Path(str(cell.config.output)))
    assert module.read_outcome(Path(str(cell.config.output))) == outcome
