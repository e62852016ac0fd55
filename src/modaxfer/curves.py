"""The Python face of learning curves: score against number of labels, and what more of them would bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.config import refuse_code_by_file
from modaxfer.engines import chosen
from modaxfer.settings import plain_values, read_values

if TYPE_CHECKING:
    import pandas

    from modaxfer.runner.compare.points import LearningCurve

__all__ = ["Curve", "curve"]


class Curve:
    """Learning curves on disk, finished or not.

    Args:
        folder: A folder that ``modaxfer curve`` wrote.

    Raises:
        ConfigError: There is none in `folder`.
    """

    def __init__(self, folder: str | Path) -> None:
        from modaxfer.runner.compare.curve import stored_curve
        from modaxfer.runner.compare.points import read_curves

        self.folder = Path(folder)
        stored_curve(self.folder)
        self.curves: tuple[LearningCurve, ...] = read_curves(self.folder)
        """One for each encoder, strategy and task that has scores."""

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per curve and number of labels."""
        import pandas as pd

        from modaxfer.reports.curve import point_rows

        return pd.DataFrame(point_rows(self.curves))

    def plot(self) -> Path:
        """Draw ``curve.png`` again and return its path; needs the extra ``plots``."""
        from modaxfer.reports.curve import draw

        return draw(self.folder)

    def __repr__(self) -> str:
        """Name the folder and say what each curve says."""
        return f"Curve({str(self.folder)!r}, {len(self.curves)} curves)"

    def _repr_html_(self) -> str:
        from modaxfer.reports.curve import notebook

        return notebook(self.folder)


def curve(
    config: Mapping[str, Any] | str | Path | None = None,
    *,
    resume: bool = False,
    retry_failed: bool = False,
    engine: str | None = None,
    jobs: int | None = None,
    resources: Mapping[str, Any] | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Curve:
    """Train at 1, 2, 4, ... labelled rows per class and at all of them, and fit a power law through the test scores.

    Each number of labels is a comparison in a folder of its own; what is finished there is not run again.

    Args:
        config: A mapping, or the path of a YAML file, such as a curve's ``curve.yaml``; `settings` go over it.
        resume: Go on with the curve in the output folder, as it was asked for.
        retry_failed: Run cells again that failed before.
        engine: Where cells are run, with `jobs` and `resources` as for `modaxfer.compare`; sizes follow each other.
        jobs: Cells at once, on an engine.
        resources: What each is given there.
        quiet: Keep silent on standard error.
        **settings: As for `modaxfer.compare`; ``shots``, rows per class as a list or as text with commas, ``all`` among
            them (default powers of two and all); ``seeds``, how many draws of each number (default 3).

    Raises:
        ModaxferError: The request as a whole was wrong, or the folder holds another curve.
    """
    from modaxfer.runner.claims.hold import hold
    from modaxfer.runner.compare.curve import CURVE_REQUEST, claim_curve, read_curve, sizes_of, stored_curve
    from modaxfer.runner.compare.folder import claim
    from modaxfer.runner.compare.names import check_names
    from modaxfer.runner.processes.signals import heeded, telling
    from modaxfer.runner.progress import Progress

    where = chosen(engine, jobs, resources)
    values = plain_values({**read_values(config, settings), **settings})
    if resume:
        place = Path(values.get("output") or read_curve(values).folder())
        stored = stored_curve(place).to_dict()
        refuse_code_by_file(stored.get("trust_remote_code"), place, asked=bool(values.get("trust_remote_code")))
        values = stored | values
    request = read_curve(values)
    check_names(request.grid)
    folder = request.folder()
    command = "modaxfer curve" if where is None else f"modaxfer curve {where.words}"
    with heeded(), hold(folder), telling(command, folder, begun=CURVE_REQUEST):
        sizes = sizes_of(request, folder)
        claim_curve(request, folder)

        progress = Progress(not quiet)
        with progress.loading():
            # Here torch is imported, which takes seconds; above this line most mistakes have been answered.
            from modaxfer.reports import report_run
            from modaxfer.reports.curve import write
            from modaxfer.runner.compare.points import curves_of, write_curves
            from modaxfer.runner.compare.sweep import Sweep

        for size in sizes:
            progress.say(f"{size.name}:")
            claim(size.grid)
            sweep = Sweep(
                size.grid, size.folder, progress=progress, retry_failed=retry_failed, where=where, on_run=report_run
            )
            sweep.run()
        write_curves(folder, curves_of(sizes))
        write(folder)
    return Curve(folder)
