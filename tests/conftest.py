"""What all tests share: no network, a cache of their own, tiny models saved as a user would have them."""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"  # A pool of threads to read a model of a few kilobytes takes longer.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # Threads that share so little wait for each other, and burn a core.
gc.disable()  # While modules are imported and tests collected, of which nothing is garbage.

LONG = ("test_processes.py", "test_compare_killed.py")
FORKED = (
    *(*LONG, "test_engines_agree.py", "plugins", "test_security_runs.py", "test_security_checkpoints.py"),
    *("test_live.py", "test_plugin_checks.py", "test_sharded_runs.py"),
)
"""Which start processes (`forked`): whatever has the first of them has all, and imports what they need once."""
RUNNING = (
    *("cases", "cli", "estimators", "heads", "plugins_finance", "pretraining", "recipes", "runner", "tracking"),
    *("test_api.py", "test_security_runs.py"),
)
WHOLE = ("test_examples.py", "test_last_steps.py")
"""Where runs are made, and which of these tests look for figures."""
UNSEEN = (
    *("before", "beside", "estimators", "model", "rows", "training"),
    *("test_adapted_runs.py", "test_api.py", "test_bridges_end_to_end.py", "test_credit_scoring.py"),
    *("test_careful_tuning.py", "test_cli_compare_runs.py", "test_cli_predict.py", "test_compare_killed.py"),
    *("test_column_cases.py", "test_curve_run.py", "test_recommended.py", "test_recommended_sources.py"),
    *("test_compare_sweep.py", "test_contrastive_run.py", "test_ends.py", "test_engines_agree.py", "test_fusion.py"),
    *("test_folds_and_episodes.py", "test_known_features.py", "test_matrix.py", "test_media_cases.py"),
    *("test_merged_runs.py", "test_moved_runs.py", "test_multitask.py", "test_predict.py", "test_predict_cases.py"),
    *("test_processes.py", "test_recorded_metrics.py", "test_refusals.py", "test_resumed_elsewhere.py"),
    *("test_run_to_run.py", "test_same_weights_other_encoder.py", "test_sar.py", "test_solved_between.py"),
    *("test_sharded_runs.py", "test_source_stage.py", "test_transfer_gain.py"),
    *("test_taken_heads.py", "test_tapt_run.py", "test_teacher.py", "test_tuned_together.py", "test_whole_runs.py"),
)
"""Where many runs are made and no page of one is looked at."""
EXACT = ("test_recorded_metrics.py", "test_score_cases.py")
"""Which compare the last digit of a score, or let a score fail."""
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
"""Number of this process among those that run tests."""
TWINS = {"camembert", "xlm-roberta", "task vision/pacs-art", "task vision/pacs-photo"}
"""RoBERTa under other names, styles of one drawer: what is asked of each one is asked of these with ``slow``."""


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[object]:
    """Let every other worker collect from the last file to the first: each compiles half of a fresh checkout's tests.

    Asserts are rewritten for eight seconds otherwise by all of them at once, and the program compiled as often.
    """
    report = yield
    if WORKER % 2 and isinstance(collector, pytest.Dir):
        report.result.reverse()
    return report


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their number: gzip and WAV hold the clock, and all workers must collect the same names."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes longest first, so that no worker is left alone with it at the end; then what shares a server."""
    for item in items:
        if hasattr(item, "callspec"):
            asked = {item.callspec.id, *(each for each in item.callspec.params.values() if type(each) is str)}
            if asked & TWINS:
                item.add_marker(pytest.mark.slow)
    places = {name: place for place, name in enumerate(FORKED)}

    def place(item: pytest.Item) -> tuple[int, Path]:
        return min(places.get(name, len(places)) for name in (item.path.name, item.path.parent.name)), item.path

    items.sort(key=place)  # By file as well, since workers may collect in another order.


def pytest_collection_finish() -> None:
    """Take what was imported out of the garbage collector's way: to walk through it takes a fifth of a second.

    What is young is walked through after twenty thousand new objects, not after every seven hundred: a layer has some
    hundred, and to look at them each time took a twentieth of all.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def arrays_are_no_tables():
    """Spare scikit-learn a third of its time: it looks at each array for what a data frame would have."""
    import numpy as np
    from sklearn.utils import validation

    looked = validation._nw_into_df_or_series
    patch = pytest.MonkeyPatch()
    patch.setattr(validation, "_nw_into_df_or_series", lambda x: type(x) is not np.ndarray and looked(x))
    yield
    patch.undo()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Spare tests that make runs, and the fixtures they share, what takes most of a tiny run's time.

    Figures are left out, pages where none is looked at, scores added up instead of asked of scikit-learn, few resamples
    are drawn, and the simple baseline is one model: tests of reports, of metrics, of baselines and of what is recorded
    look at these.
    """
    room = item.path.relative_to(Path(__file__).parent)
    with pytest.MonkeyPatch.context() as patch:
        if room.parts[0] in RUNNING:
            searched = room.parts[0] == "heads"
            _spare(patch, drawn=room.name in WHOLE, exact=room.name in EXACT, searched=searched)
            if {room.name, room.parent.name} & {*UNSEEN}:
                patch.setattr("modaxfer.reports.report_run", lambda result, folder: None)
        return (yield)


def _spare(patch: pytest.MonkeyPatch, *, drawn: bool, exact: bool, searched: bool) -> None:
    from sketched import sketch
    from sparing import spare

    if drawn:
        sketch(patch)
    else:
        patch.setattr("modaxfer.reports.figures.draw", lambda *_: ())
    patch.setattr("modaxfer.reports.compare.curve_files.available", lambda: False)
    spare(patch, exact=exact, searched=searched)


@pytest.fixture(autouse=True, scope="session")
def only_what_is_there_is_asked():
    """Spare seeds of accelerators that are not there: torch keeps a stack trace for each, in each seeding.

    Accelerate walks through all of `sys.path` twice a step, to see whether an optimiser's package is installed.
    """
    import torch
    from accelerate import optimizer

    patch = pytest.MonkeyPatch()
    for kind in (torch.cuda, torch.xpu, torch.mtia):
        if not kind.is_available():
            patch.setattr(kind, "manual_seed_all", lambda seed: None)
            patch.setattr(kind, "manual_seed", lambda seed: None)
    patch.setattr(optimizer, "is_lomo_available", cache(optimizer.is_lomo_available))
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Keep tests out of the user's cache, and the user's variables out of the tests."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MODAXFER_CACHE", str(tmp_path_factory.mktemp("cache")))
    for name in ("MODAXFER_STRICT", "MODAXFER_PLUGINS"):
        patch.delenv(name, raising=False)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def made_once():
    """Make what packages ship and samples once: a table does not change, and each may take a second to make."""
    from modaxfer.data import sources
    from modaxfer.registry import load_target
    from modaxfer.spec import PackageSource, SampleSource

    def once(read):
        made: dict[tuple[str, object], Any] = {}

        def found(source, base, selection):
            try:
                key = (source.target, load_target(source.target))
            except Exception:  # Whatever is wrong with the plugin's code: reading says it, as without this.
                return read(source, base, selection)
            if key not in made:
                made[key] = read(source, base, selection)
            tables, *rest = made[key]
            return {**tables}, *rest

        return found

    patch = pytest.MonkeyPatch()
    for kind in (PackageSource, SampleSource):
        patch.setitem(sources._READERS, kind, once(sources._READERS[kind]))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from an architecture's name to a folder with a tiny random model of it."""
    from modaxfer.testing.material import tiny_models

    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp("models") / name
            tiny_models.save(name, made[name])
        return made[name]

    return folder


@pytest.fixture(scope="session")
def own_rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., dict[str, Any]]]:
    """Return a function from a signal kind, and a number of rows, to the settings of a task of a user's own files."""
    from modaxfer.testing.material.tiny_files import write
    from read_once import OwnRows

    made: dict[tuple[str, int], dict[str, Any]] = {}
    memory = OwnRows()

    def settings(kind: str, rows: int = 48) -> dict[str, Any]:
        if (kind, rows) not in made:
            memory.folders.append(tmp_path_factory.mktemp("rows"))
            made[kind, rows] = write(kind, memory.folders[-1], rows)
        return made[kind, rows]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modaxfer.tasks.load.Memory", lambda _: memory)
        yield settings


@pytest.fixture(scope="session")
def finished(
    tiny: Callable[[str], Path], own_rows: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Path]:
    """Return a function from a tiny encoder and a kind of rows to the folder of a finished run."""
    import modaxfer
    from modaxfer.reports import write_reports

    made: dict[tuple[str, str], Path] = {}

    def run(encoder: str, kind: str) -> Path:
        if (encoder, kind) not in made:
            folder = tmp_path_factory.mktemp("finished") / "run"
            settings = {"encoder": str(tiny(encoder)), "strategy": "frozen", "device": "cpu", **own_rows(kind)}
            made[encoder, kind] = folder
            result = modaxfer.train(output=str(folder), quiet=True, **settings).result
            write_reports(result, folder)  # Whoever asks first may have pages spared.
        return made[encoder, kind]

    return run


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing load an encoder: what is refused has to be refused before."""
    from modaxfer.runner import opening

    def fail(*arguments: object, **settings: object) -> None:
        raise AssertionError("weights were loaded")

    monkeypatch.setattr(opening, "load_encoder", fail)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs the command line in this process: exit status, standard output, standard error."""
    from modaxfer.cli import main

    def call(*arguments: object) -> tuple[Any, str, str]:
        with pytest.raises(SystemExit) as stop:
            main.run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    return call
