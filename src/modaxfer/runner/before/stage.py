"""The source stage of a run: made ready before weights are loaded, trained or found, and linked into its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from modaxfer.config import RunConfig, to_yaml
from modaxfer.encoders.checkpoints import resolve
from modaxfer.errors import ConfigError
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner.before.store import Share, kept_run, link_run, store_is_writable
from modaxfer.runner.claims.resumed import resumed
from modaxfer.runner.claims.start import read_start
from modaxfer.runner.folder import BEFORE, absolute, is_finished
from modaxfer.runner.observed import UNOBSERVED, Observed
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.request import Request, read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.source_head import refuse_stage_head
from modaxfer.runner.request.stage import refuse_idle_source, refuse_known_tests, refuse_other_map, stage_config
from modaxfer.runner.rows.cache import cache_key
from modaxfer.tasks.memory import Memory

__all__ = ["RunOne", "Stage", "find_stage", "started_from", "told_before", "train_stage"]

SOURCE = f"{BEFORE}/source"
"""Where the source stage lies in a run."""

ELSEWHERE = ("output", "data_dir", "num_processes", "standalone")
"""Settings that do not decide what a run learns."""


class RunOne(Protocol):
    """Trains and evaluates one request; see `modaxfer.runner.run.run`."""

    def __call__(
        self,
        config: RunConfig,
        *,
        resume: bool = False,
        overwrite: bool = False,
        shared: bool = False,
        weights_of: Result | None = None,
        progress: Progress | None = None,
        request: Request | None = None,
        memory: Memory | None = None,
        observed: Observed = UNOBSERVED,
    ) -> tuple[Result, Path]:
        """Return result and folder."""
        ...


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A run that comes before another; nothing of it can be refused any more."""

    config: RunConfig
    """Its request; the folder is named when it is run."""
    tasks: tuple[ResolvedTask, ...]
    before: Stage | None
    """What comes before it in turn."""

    @property
    def label(self) -> str:
        """What people call it."""
        return f"source stage: {self.tasks[0].strategy.name} on {' + '.join(one.task_id for one in self.tasks)}"

    def key(self) -> str:
        """Return the hash of everything that decides what it learns; weights that are missing are fetched for it."""
        plain = RunConfig()
        asked = replace(self.tasks[0].config, **{name: getattr(plain, name) for name in ELSEWHERE})
        return cache_key(
            to_yaml(absolute(asked)),
            sorted(read_start(self.tasks).items()),
            sorted(_plugins(self.tasks).items()),
            None if self.before is None else self.before.key(),
        )


def find_stage(
    config: RunConfig, request: Request, tasks: Sequence[ResolvedTask], memory: Memory | None
) -> Stage | None:
    """Return the source stage of a run, and of that in turn; None where `config` has none.

    Args:
        config: The request of the run.
        request: What it names.
        tasks: What will be run.
        memory: What other runs of the command have read.

    Raises:
        ModaxferError: The source stage cannot be run, or would teach the task nothing; as of `resolve_tasks`.
    """
    asked = stage_config(tasks[0], request, config)
    if asked is None:
        return None
    own = read_request(asked)
    learned = resolve_tasks(asked, own, memory)
    refuse_idle_source(learned)
    refuse_known_tests(learned, tasks)
    refuse_other_map(config, learned, tasks)
    refuse_stage_head(learned, tasks[0].plan)
    return Stage(config=asked, tasks=learned, before=find_stage(asked, own, learned, memory))


def train_stage(
    stage: Stage, folder: Path, *, run: RunOne, share: Share[Any], progress: Progress, memory: Memory | None
) -> Path:
    """Train what comes before the run in `folder`, or find it, and return its place there.

    It is kept in the cache for runs that ask for the same, unless `train.cache` is off or the cache cannot be written.
    """
    place = folder / SOURCE
    if share(lambda: place.is_dir() and is_finished(place)):
        return place
    progress.say("")
    progress.say(stage.label)

    def train(where: Path) -> object:
        config = replace(stage.config, output=str(where))
        goes_on = bool(share(lambda: _is_of(config)))
        return run(config, resume=goes_on, overwrite=not goes_on, shared=True, progress=progress, memory=memory)

    if stage.tasks[0].options.train.cache and share(store_is_writable):
        kept, before = kept_run(share(stage.key), train, share, progress.say)
        share(lambda: link_run(kept, place))
        if before:
            progress.say(f"found, trained before: {kept}")
    else:
        train(place)
    progress.say("")
    return place


def started_from(request: Request, config: RunConfig, place: Path) -> Request:
    """Return `request` with the encoder that the source stage in `place` trained, and nothing before it any more."""
    trained = resolve(str(place), trust_remote_code=config.trust_remote_code)
    return replace(request, encoders=(trained,), before=())


def told_before(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Return what comes before the run in `folder`, as ``before`` of a result holds it; the first stage first."""
    place = folder / SOURCE
    if not place.is_dir():
        return ()
    result = Result.load(place)
    earlier = [{**told, "run": f"{SOURCE}/{told['run']}"} for told in result.before]
    own = {
        "run": SOURCE,
        "task": result.task,
        "strategy": result.strategy,
        "rows": dict(result.data["rows"]),
        "primary": result.primary,
        "test": result.metrics["test"].get(result.primary),
        "interval": result.intervals.get(result.primary),
        "seed": result.seed,
        "seconds": result.time_s.get("total"),
    }
    return (*earlier, own)


def _is_of(config: RunConfig) -> bool:
    """Return whether a run lies in the output folder and was started with `config`."""
    try:
        resumed(config)
    except ConfigError:
        return False
    return True


def _plugins(tasks: Sequence[ResolvedTask]) -> dict[str, str]:
    """Return the version of each plugin that brings a part of the run: what it does may change with that."""
    ids = [tasks[0].strategy.id, *(one.task_id for one in tasks), *(tasks[0].metrics)]
    ids += [name for tower in tasks[0].towers for name in (tower.encoder.id, tower.bridge.id)]
    spaces = {name.partition("/")[0] for name in ids}
    return {one.namespace: str(one.version) for one in registry().plugins if one.namespace in spaces}
