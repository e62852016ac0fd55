"""The Python face: train, compare, load, predict, evaluate; results that a notebook shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.result import Result, inside

if TYPE_CHECKING:
    import pandas

    from modaxfer.runner.compare.ledger import CellRecord

__all__ = ["Comparison", "Run", "compare", "evaluate", "load", "make_config", "predict", "train"]


class Comparison:
    """A grid of runs on disk, finished or not.

    Args:
        folder: A folder that ``modaxfer compare`` wrote.

    Raises:
        ConfigError: There is no comparison in `folder`.
    """

    def __init__(self, folder: str | Path) -> None:
        from modaxfer.runner.compare.folder import stored_grid
        from modaxfer.runner.compare.ledger import read_cells

        self.folder = Path(folder)
        stored_grid(self.folder)
        self.cells: tuple[CellRecord, ...] = read_cells(self.folder)
        """One record per cell that has ended, in the order of the grid."""

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per cell that has ended, with the columns of compare.csv."""
        import pandas as pd

        from modaxfer.reports.compare.rows import cell_rows

        return pd.DataFrame(cell_rows(self.cells))

    def run(self, cell: CellRecord) -> Run:
        """Open the run of a completed `cell`.

        Raises:
            DataError: It has none.
        """
        return Run(inside(self.folder, cell.run or ""))

    def __repr__(self) -> str:
        """Name the folder and count how its cells ended."""
        from modaxfer.reports.compare.rows import tally

        return f"Comparison({str(self.folder)!r}, {tally(self.cells)})"

    def _repr_html_(self) -> str:
        from modaxfer.reports.compare import notebook

        return notebook(self.folder)


class Run:
    """A run on disk: its result, its reports, and its model when it is asked for.

    Args:
        folder: A folder that ``modaxfer train`` wrote.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.result = Result.load(self.folder)
        self._predictor: Any = None

    @property
    def tasks(self) -> dict[str, Run]:
        """The run of each task by its id, where several tasks share an encoder; empty where there is one task."""
        return {name: Run(self.folder / task["run"]) for name, task in self.result.tasks.items()}

    def predict(self, data: Any) -> list[dict[str, Any]]:
        """Predict rows; of a shared run, ask the run of one of its `tasks`.

        Args:
            data: A file (csv, tsv, jsonl, json, parquet), one row as a mapping, a sequence of rows, or a data frame.

        Returns:
            One mapping per row: ``prediction`` and, for classes, ``scores`` by class.

        Raises:
            DataError: A column that the model reads is missing, a row cannot be read, or the run has several tasks.
        """
        from modaxfer.runner.saved.predict import Predictor

        if self._predictor is None:
            self._predictor = Predictor(self.folder)
        predicted: list[dict[str, Any]] = self._predictor.predict(data)
        return predicted

    def evaluate(self) -> dict[str, Any]:
        """Score the saved model on its test split again: ``metrics``, ``stored`` (the run's own) and ``intervals``.

        Of a shared run these are given for each task, by its id.
        """
        from modaxfer.runner.saved.evaluate import evaluate as evaluate_run

        shared = self.tasks
        return {name: run.evaluate() for name, run in shared.items()} if shared else dict(evaluate_run(self.folder))

    def plot(self) -> list[Path]:
        """Draw the figures anew and return their paths; needs the extra ``plots``."""
        from modaxfer.reports.figures import write

        return list(write(self.result, self.folder))

    def __repr__(self) -> str:
        """Name folder and primary score."""
        if self.result.status != "completed":
            return f"Run({str(self.folder)!r}, {self.result.status})"
        primary = self.result.primary
        value = self.result.metrics["test"][primary]
        return f"Run({str(self.folder)!r}, test {primary}={'undefined' if value is None else format(value, '.3f')})"

    def _repr_html_(self) -> str:
        from modaxfer.reports.headline import notebook

        return notebook(self.result)


def train(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    *,
    resume: bool = False,
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Train and evaluate one encoder with one strategy on one task, and write the run's folder.

    Args:
        config: A config, a mapping, or the path of a YAML file; `settings` go over it.
        resume: Take up an unfinished run in the output folder.
        quiet: Keep silent on standard error.
        **settings: Fields of `modaxfer.RunConfig`, such as ``encoder="bert"``, ``strategy="lora"``,
            ``task="legal-sentiment"``, ``set={"rank": 8}``.

    Raises:
        ModaxferError: The request was wrong, or the run failed.
    """
    from modaxfer.runner.cells.request import read_request

    wanted = make_config(config, **settings)
    request = None if resume else read_request(wanted)

    # Below this line torch is imported, which takes seconds; above it most mistakes have been answered.
    from modaxfer.reports import write_reports
    from modaxfer.runner.processes.launch import reports_here
    from modaxfer.runner.progress import Progress
    from modaxfer.runner.repeats import run_repeated

    result, folder = run_repeated(wanted, resume=resume, progress=Progress(not quiet), request=request)
    if reports_here():
        write_reports(result, folder)
    return Run(folder)


def compare(
    config: Mapping[str, Any] | str | Path | None = None,
    *,
    resume: bool = False,
    retry_failed: bool = False,
    quiet: bool = False,
    **settings: Any,
) -> Comparison:
    """Run a grid of encoders x strategies x tasks x seeds, one ordinary run per cell.

    A cell that is refused or that fails is a row with its reason, and the rest goes on. Started again with the same
    request, a comparison that was broken off runs only what is missing: completed cells are kept, refused ones are
    asked again, failed ones are kept unless `retry_failed`.

    Args:
        config: A mapping, or the path of a YAML file, such as a comparison's ``compare.yaml``; `settings` go over it.
        resume: Take up the comparison in the output folder, as it was asked for.
        retry_failed: Run cells again that failed before.
        quiet: Keep silent on standard error.
        **settings: ``encoder``, ``strategy`` and ``task`` as lists or as text with commas (``a+b`` is one cell with
            both), ``seeds`` (how many, from ``seed`` on), and other fields of `modaxfer.RunConfig` for all cells.

    Raises:
        ModaxferError: The request as a whole was wrong: an unknown name or setting, or a folder that holds another
            comparison.
    """
    from modaxfer.runner.compare.folder import claim, stored_grid
    from modaxfer.runner.compare.grid import read_grid
    from modaxfer.runner.compare.names import check_names

    values = {**(read_yaml(Path(config)) if isinstance(config, str | Path) else config or {}), **settings}
    values = {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
    if resume:
        values = stored_grid(Path(values.get("output") or read_grid(values).default_folder())).to_dict() | values
    grid = read_grid(values)
    check_names(grid)
    folder = claim(grid)

    # Below this line torch is imported, which takes seconds; above it most mistakes have been answered.
    from modaxfer.reports import write_reports
    from modaxfer.reports.compare import write
    from modaxfer.runner.compare.sweep import Sweep
    from modaxfer.runner.progress import Progress

    Sweep(
        grid,
        folder,
        progress=Progress(not quiet),
        retry_failed=retry_failed,
        on_run=write_reports,
        on_change=lambda: write(folder),
    ).run()
    return Comparison(folder)


def make_config(config: RunConfig | Mapping[str, Any] | str | Path | None = None, **settings: Any) -> RunConfig:
    """Return a checked config from a config, a mapping or a YAML file, with `settings` over it.

    Raises:
        ConfigError: A key or a value is wrong.
    """
    if isinstance(config, str | Path):
        values = read_yaml(Path(config))
    elif isinstance(config, RunConfig):
        values = dict(vars(config))
    else:
        values = dict(config or {})
    merged = dict(values.get("set") or {}) | dict(settings.get("set") or {})
    # A single Path is as good as a string; a sequence of names stays one.
    values |= {key: str(value) if isinstance(value, Path) else value for key, value in settings.items()}
    return build(RunConfig, values | {"set": merged})


def load(folder: str | Path) -> Run:
    """Open a run.

    Raises:
        DataError: There is no finished run in `folder`.
    """
    return Run(folder)


def predict(
    folder: str | Path, data: str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Predict rows with the model of the run in `folder`; see `Run.predict`."""
    return Run(folder).predict(data)


def evaluate(folder: str | Path) -> dict[str, Any]:
    """Score the model of the run in `folder` on its test split again; see `Run.evaluate`."""
    return Run(folder).evaluate()
