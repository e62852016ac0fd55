"""The Python face of ``modaxfer recommend``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.config import refuse_code_by_file
from modaxfer.settings import plain_values, read_values

if TYPE_CHECKING:
    import pandas

__all__ = ["Recommendation", "recommend"]


class Recommendation:
    """A recommendation on disk, finished or not.

    Args:
        folder: A folder that ``modaxfer recommend`` wrote.

    Raises:
        DataError: There is none in `folder`.
    """

    def __init__(self, folder: str | Path) -> None:
        from modaxfer.runner.recommend.stored import read_recommendation

        self.folder = Path(folder)
        self.found: dict[str, Any] = read_recommendation(self.folder)
        """The content of recommend.json."""

    @property
    def plan(self) -> dict[str, Any]:
        """What to do: ``encoder``, ``strategy``, ``expected`` score with ``interval``, ``seconds``, ``command``."""
        return dict(self.found["plan"])

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per option, the best first."""
        import pandas as pd

        return pd.DataFrame(self.found["options"])

    def __repr__(self) -> str:
        """Say what to do."""
        from modaxfer.reports.recommend import headline

        return f"Recommendation({str(self.folder)!r}, {headline(self.found)})"

    def _repr_html_(self) -> str:
        from modaxfer.reports.recommend import notebook

        return notebook(self.found)


def recommend(
    config: Mapping[str, Any] | str | Path | None = None,
    *,
    resume: bool = False,
    quiet: bool = False,
    **settings: Any,
) -> Recommendation:
    """Say which encoder and which strategy a task should be trained with, and what to expect of it.

    Frozen features of every candidate are judged on at most 2,000 training rows; short runs on validation decide
    between the best of them and between strategies. Test rows are never read. Asked again with the same request, a
    recommendation that was broken off goes on.

    Args:
        config: A mapping, or the path of a YAML file; `settings` go over it.
        resume: Go on with the recommendation in the output folder, as it was asked for.
        quiet: Keep silent on standard error.
        **settings: ``task`` or ``data`` with its columns, ``encoder`` and ``strategy`` (candidates), ``source_task``,
            ``budget`` (minutes), and those fields of `modaxfer.RunConfig` that `modaxfer recommend --help` lists.

    Raises:
        ModaxferError: The request was wrong, or no candidate can take the task.
    """
    from modaxfer.runner.claims.hold import hold
    from modaxfer.runner.processes.signals import heeded, telling
    from modaxfer.runner.recommend.question import read_question
    from modaxfer.runner.recommend.stored import REQUEST, claim, stored_question

    values = plain_values({**read_values(config, settings), **settings})
    if resume:
        place = Path(values.get("output") or read_question(values).folder)
        stored = stored_question(place).to_dict()
        refuse_code_by_file(stored.get("trust_remote_code"), place, asked=bool(values.get("trust_remote_code")))
        values = stored | values
    question = read_question(values)
    folder = question.folder
    with heeded(), hold(folder), telling("modaxfer recommend", folder, begun=REQUEST):
        claim(question, folder)

        # Below this line torch is imported, which takes seconds; above it most mistakes have been answered.
        from modaxfer.reports.recommend import write
        from modaxfer.runner.progress import Progress
        from modaxfer.runner.recommend.recommend import recommend as find_out

        write(find_out(question, folder, Progress(not quiet)), folder)
    return Recommendation(folder)
