"""An explanation in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.escaping import lines
from modaxfer.reports.explain import document, score_lines, summary, write

if TYPE_CHECKING:
    import pandas

    from modaxfer.runner.explain.explain import Explanation as Made
    from modaxfer.runner.predict.predictor import Predictor

__all__ = ["Explanation", "explained"]


class Explanation:
    """What `modaxfer.Run.explain` found, with its files on disk.

    Args:
        made: What was found out.
        folder: Where numbers and page are written.

    Raises:
        ConfigError: They cannot be written there.
    """

    def __init__(self, made: Made, folder: Path) -> None:
        self.made = made
        self.found: dict[str, Any] = document(made)
        """As explanation.json has it."""
        self.numbers, self.page = write(made, folder)
        """Paths of explanation.json and explanation.html."""

    def to_frame(self) -> pandas.DataFrame:
        """Return a row per unit (token, cell, band and stretch); where the score was explained, one per field.

        Its columns: ``row``, ``input``, ``unit``, ``attribution``, ``occlusion``; of fields ``importance``, ``low`` and
        ``high``.
        """
        import pandas as pd

        if self.found["score"] is not None:
            return pd.DataFrame(
                {"field": one["name"], "importance": one["importance"], "low": one["interval"][0],
                 "high": one["interval"][1]}
                for one in self.found["score"]["fields"]
            )  # fmt: skip
        return pd.DataFrame(
            {"row": row["row"], "input": part["input"], "unit": name, "attribution": value, "occlusion": hidden}
            for row in self.found["rows"]
            for part in row["parts"]
            for name, value, hidden in zip(
                part.get("tokens", range(len(part["attributions"]))),
                part["attributions"],
                part["occlusion"],
                strict=True,
            )
        )

    def __repr__(self) -> str:
        """Say the same as the terminal is told."""
        told = [line for row in self.made.rows for line in summary(row)]
        if self.made.score is not None:
            title, _, fields = score_lines(self.made.score)
            told += [title, *(f"  {name} {value} {interval}" for name, value, interval in fields)]
        return "\n".join((*told, f"page {self.page}"))

    def _repr_html_(self) -> str:
        # The page has styles of its own, which must not leak into a notebook.
        inner = escape(self.page.read_text(encoding="utf-8"), quote=True)
        return (
            f'<iframe sandbox srcdoc="{inner}" style="width: 100%; height: 40rem; border: 0" '
            f'title="{escape(lines(self.page.name))}"></iframe>'
        )


def explained(
    run: Path, loaded: Callable[[], Predictor], wishes: dict[str, Any], output: str | Path | None, quiet: bool
) -> Explanation:
    """Explain the run in the folder `run`, and write what is found.

    Args:
        run: A run's folder.
        loaded: Returns its model.
        wishes: Fields of `modaxfer.runner.explain.explain.Wishes`; ``rows`` may be one number.
        output: Where numbers and page go; None = ``explanation`` in the run's folder.
        quiet: Keep silent on standard error.

    Raises:
        ModaxferError: See `modaxfer.runner.explain.explain.explain_run`.
    """
    from modaxfer.runner.explain.explain import Wishes, explain_run
    from modaxfer.runner.explain.gradients import require_captum
    from modaxfer.runner.progress import Progress

    require_captum()
    rows = wishes["rows"]
    asked = Wishes(**{**wishes, "rows": (rows,) if isinstance(rows, int) else tuple(rows)})
    made = explain_run(run, asked, Progress(not quiet), predictor=loaded())
    return Explanation(made, run / "explanation" if output is None else Path(output))
