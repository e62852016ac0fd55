"""One run from request to result: resolve, load, prepare, train, evaluate, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.registry import blaming
from modaxfer.result import Result
from modaxfer.runner.before.stage import find_stage, started_from, train_stage
from modaxfer.runner.claims.claim import Claim, claim
from modaxfer.runner.claims.resumed import resumed
from modaxfer.runner.claims.start import Start, check_start, read_start, refuse_other_encoder, store_start
from modaxfer.runner.execution import Execution
from modaxfer.runner.folder import CONFIG, is_finished, store_config
from modaxfer.runner.observed import UNOBSERVED, Observed
from modaxfer.runner.processes.accelerate import make_accelerator, share
from modaxfer.runner.processes.launch import launch, launched_world, reports_here
from modaxfer.runner.processes.shards import shards_asked
from modaxfer.runner.processes.signals import heeded, telling
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.dimensions import applied
from modaxfer.runner.request.idle import check_idle
from modaxfer.runner.request.request import Request, read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.room import refuse_no_room
from modaxfer.runner.request.shards import refuse_whole_bodies
from modaxfer.runner.tuning.search import Resolve, Search, find_search, store_request
from modaxfer.tasks.memory import Memory

__all__ = ["run"]

LAUNCHED_AGAIN = "... -m modaxfer train"
"""Goes on with a run whose processes a launcher of the user's has started: behind the same."""


def run(
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
    """Train and evaluate one request: an encoder on a task, several encoders on a task, an encoder on several tasks.

    Args:
        config: The request.
        resume: Resume an unfinished or failed run in the output folder; a finished one is returned as it is.
        overwrite: Replace the run in the output folder, once nothing can be refused any more.
        shared: Whether settings stand there for other runs too, as in a grid: those that this plan has no use for are
            noted, where otherwise they are refused.
        weights_of: Result of a run that this one repeats with another seed: its encoder must have the same weights.
        progress: Where to tell how far it is; None = standard error.
        request: What `modaxfer.runner.request.request.read_request` made of `config`, where that was asked already.
        memory: What other runs of the command have read of their tasks; None = this one stands alone.
        observed: Told that it begins and fails, its stages and its lines; who gave it says that it has ended.

    Returns:
        The result and the run's folder. In other processes than the main one, the result that the main one wrote.

    Raises:
        ModaxferError: The request was wrong (nothing is left behind), or the run failed (``result.json`` says so).
        StoppedError: A signal has ended it; it can be resumed.
    """
    if resume:
        config = resumed(config)
    with blaming(), heeded(), ExitStack() as held:
        claims: list[Claim] = []

        def claimed() -> tuple[RunConfig, Path]:
            claims.append(held.enter_context(claim(config, resume=resume, overwrite=overwrite)))
            return claims[0].config, claims[0].folder

        if launched_world() is None and config.num_processes > 1:
            claimed()
            return _run_launched(claims[0], resume, shared, request, observed)
        accelerator, config = make_accelerator(config, shards=True)
        progress = progress or Progress(accelerator.is_main_process)
        if not accelerator.is_main_process:
            progress = Progress(enabled=False)
        config, folder = share(accelerator, claimed)
        if launched_world() is not None and reports_here():
            held.enter_context(telling(LAUNCHED_AGAIN, folder, begun=CONFIG))
        if resume and is_finished(folder):
            progress.say(f"{folder} is finished already")
            return Result.load(folder), folder
        request = request or read_request(config)
        memory = memory or (Memory() if request.before or config.tune is not None else None)
        tasks = resolve_tasks(config, request, memory)
        notes = check_idle(tasks[0], shared=shared)
        refuse_no_room(tasks)
        stage = find_stage(config, request, tasks, memory)
        if sharded := shards_asked():
            refuse_whole_bodies(tasks, stage=stage is not None)
        if stage is not None:
            share(accelerator, lambda: _begun(claims[0], tasks[0].config))
            shares = partial(share, accelerator)
            place = train_stage(stage, folder, run=run, share=shares, progress=progress, memory=memory)
            # What the source stage left is a start like any pretrained one, whatever that one started from.
            begun = replace(config, weights="pretrained")
            tasks = resolve_tasks(begun, started_from(request, config, place), memory)
        tuning: Mapping[str, Any] = {}
        if config.tune is not None:
            resolve = partial(resolve_tasks, request=request, memory=memory)
            tasks, tuning = _searched(claims, folder, config, tasks, resolve, resume, accelerator, progress)
        start, changed = share(accelerator, lambda: _settled(claims[0], tasks, resume, weights_of))
        told = [*notes, *changed]
        execution = Execution(
            tasks, folder, accelerator, progress, told, config.weights, tuning, observed, sharded=sharded
        )
        return execution.run(start), folder


def _searched(
    claims: Sequence[Claim],
    folder: Path,
    config: RunConfig,
    tasks: tuple[ResolvedTask, ...],
    resolve: Resolve,
    resume: bool,
    accelerator: Any,
    progress: Progress,
) -> tuple[tuple[ResolvedTask, ...], Mapping[str, Any]]:
    """Search over the settings of a run, or go on with that; return the tasks as chosen, and what is said of it.

    Only the main process has a claim on the folder.
    """
    dimensions = find_search(config, tasks, resolve)

    def begin() -> None:
        start, _ = _settled(claims[0], tasks, resume, None)
        store_config(tasks[0].config, folder)
        store_start(start, folder)
        store_request(tasks[0].config, folder)

    share(accelerator, begin)
    search = Search(config, tasks, dimensions, folder, resolve=resolve, accelerator=accelerator, progress=progress)
    found = search.run()
    return resolve(applied(search.base, found["setting"])), found


def _begun(claimed: Claim, config: RunConfig) -> None:
    """Remove what the run replaces, and store its request: what is killed in its source stage is resumed."""
    claimed.clear()
    store_config(config, claimed.folder)


def _settled(
    claimed: Claim, tasks: Sequence[ResolvedTask], resume: bool, weights_of: Result | None
) -> tuple[Start, list[str]]:
    """Refuse what can still be refused, then remove what the run replaces; return what it starts from."""
    start = read_start(tasks)
    changed = check_start(start, claimed.folder) if resume else []
    if weights_of is not None:
        refuse_other_encoder(weights_of, start, claimed.folder)
    claimed.clear()
    return start, changed


def _run_launched(
    claimed: Claim, resume: bool, shared: bool, request: Request | None, observed: Observed
) -> tuple[Result, Path]:
    """Refuse early what cannot run, then let the launcher start the processes."""
    folder = claimed.folder
    if not (resume and is_finished(folder)):
        request = request or read_request(claimed.config)
        memory = Memory() if request.before else None
        tasks = resolve_tasks(claimed.config, request, memory)
        check_idle(tasks[0], shared=shared)
        refuse_no_room(tasks)
        stage = find_stage(claimed.config, request, tasks, memory)
        if shards_asked():
            refuse_whole_bodies(tasks, stage=stage is not None)
        claimed.clear()
        if stage is not None:
            store_config(tasks[0].config, folder)
            train_stage(stage, folder, run=run, share=_alone, progress=Progress(), memory=memory)
        launch(claimed.config, folder, resume=resume, part=observed is UNOBSERVED)
        observed.elsewhere = observed is not UNOBSERVED
    return Result.load(folder), folder


def _alone(make: Callable[[], Any]) -> Any:
    return make()
