"""The Python face of ``modaxfer recommend``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.config import RunConfig, refuse_code_by_file
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.result import Result
from modaxfer.settings import plain_values, read_values

if TYPE_CHECKING:
    import pandas

__all__ = ["AUTO", "Recommendation", "decided", "recommend", "told_of_choice"]

AUTO = "auto"
"""As encoder or strategy: the one that a recommendation chooses."""

KEPT = ("picks", "options", "plan", "spent_s")
"""Keys of recommend.json that a result repeats."""


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
        **settings: ``task`` or ``data`` with its columns, ``encoder`` and ``strategy`` (candidates), ``budget``
            (minutes), and those fields of `modaxfer.RunConfig` that `modaxfer recommend --help` lists.

    Raises:
        ModaxferError: The request was wrong, or no candidate can take the task.
    """
    from modaxfer.runner.claims.hold import hold
    from modaxfer.runner.processes.signals import heeded, telling
    from modaxfer.runner.progress import Progress
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

        progress = Progress(not quiet)
        with progress.loading():
            # Here torch is imported, which takes seconds; above this line most mistakes have been answered.
            from modaxfer.reports.recommend import write
            from modaxfer.runner.recommend.recommend import recommend as find_out

        write(find_out(question, folder, progress), folder)
    return Recommendation(folder)


def decided(config: RunConfig, *, quiet: bool = False) -> RunConfig:
    """Return `config` with what it leaves to a recommendation chosen; as it is where it leaves nothing.

    ``--encoder auto`` with a ``--checkpoint`` is the encoder of that name, for any model that Transformers knows.

    Raises:
        ConfigError: Rows are private, which a recommendation looks at without noise.
        RefusedError: Nothing that could be trained is left to choose.
    """
    open_encoder = config.encoder == (AUTO,) and config.checkpoint is None
    if not open_encoder and config.strategy != AUTO:
        return config
    if config.private is not None:
        raise ConfigError(
            "a recommendation looks at rows without noise, and --private protects them",
            got=f"--private {config.private:g} with auto",
            fix="name encoder and strategy",
        )
    made = recommend(quiet=quiet, **_question(config, open_encoder))
    chosen = made.found.get("trained")
    if chosen is None:
        raise RefusedError(
            "no encoder can be recommended for this task", got=made.folder, fix="name --encoder and --strategy"
        )
    return replace(
        config,
        encoder=(chosen["encoder"],),
        strategy=chosen["strategy"],
        recommended=str(made.folder.resolve()),
    )


def _question(config: RunConfig, open_encoder: bool) -> dict[str, Any]:
    from modaxfer.runner.recommend.question import SHARED

    usual = RunConfig()
    shared = {
        item.name: getattr(config, item.name)
        for item in dataclasses.fields(RunConfig)
        if item.name in SHARED and item.name != "output" and getattr(config, item.name) != getattr(usual, item.name)
    }
    encoders = {} if open_encoder or not config.encoder else {"encoder": config.encoder}
    strategies = {} if config.strategy in (AUTO, "") else {"strategy": (config.strategy,)}
    return {**shared, **encoders, **strategies}


def told_of_choice(result: Result, folder: Path, recommended: str | None) -> Result:
    """Return the result of the run in `folder` with how its encoder and strategy were chosen, and store it there."""
    if recommended is None or result.recommended:
        return result
    found = Recommendation(recommended).found
    plan = next(each for each in found["options"] if each["strategy"] != "simple" and _is(each, found["trained"]))
    told = {"folder": recommended, "expected": plan["expected"], "interval": plan["interval"]}
    warned = result.warnings
    if found["plan"]["strategy"] == "simple":
        warned = (*warned, f"the recommendation expects no model to do better than {found['plan']['model']}")
    made = replace(result, recommended={**told, **{key: found[key] for key in KEPT}}, warnings=warned)
    made.save(folder)
    return made


def _is(option: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(option[key] == other[key] for key in ("encoder", "strategy"))
