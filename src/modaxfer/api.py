"""The Python face of what makes runs: train and compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Unpack

from modaxfer.advice import decided, told_of_choice
from modaxfer.config import RunConfig, build, refuse_code_by_file
from modaxfer.engines import chosen
from modaxfer.errors import ConfigError
from modaxfer.opened import Comparison, Run
from modaxfer.result import Result
from modaxfer.settings import Settings, plain_values, read_values, signature_of

__all__ = ["compare", "make_config", "train"]


def train(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
    report: bool = True,
    on_result: Callable[[Result, Path], object] | None = None,
    **settings: Unpack[Settings],
) -> Run:
    """Train and evaluate one encoder with one strategy on one task, and write the run's folder.

    Args:
        config: A config, a mapping, or the path of a YAML file; `settings` go over it.
        resume: Resume an unfinished run in the output folder.
        overwrite: Replace the run in the output folder, once the new one cannot be refused any more. Refused where
            files lie there that are no part of a run.
        quiet: Keep silent on standard error.
        report: Write the page, the model card and the figures; ``modaxfer report RUN`` writes them later.
        on_result: Called with the result and its folder once scores are there, before pages are drawn; not of a run
            that processes of its own made (``num_processes``).
        **settings: Fields of `modaxfer.RunConfig`, such as ``encoder="bert"``, ``strategy="lora"``,
            ``task="legal-sentiment"``, ``set={"rank": 8}``. ``data`` may also be labelled rows in memory, as
            `Run.predict` takes them, or ``train``, ``validation`` and ``test`` mapped to such rows: the run keeps them.

    Raises:
        ModaxferError: The request was wrong, or the run failed.
    """
    from modaxfer.data.streaming.watched import watched
    from modaxfer.runner.claims.claim import claim
    from modaxfer.runner.folder import CONFIG
    from modaxfer.runner.processes.launch import launched_world
    from modaxfer.runner.processes.signals import heeded, telling
    from modaxfer.runner.progress import Progress
    from modaxfer.runner.request.kept import bring_home
    from modaxfer.runner.request.request import read_request

    progress, wanted = Progress(not quiet), decided(make_config(config, **settings), quiet=quiet)
    with heeded(), watched(progress.passing), ExitStack() as held:
        with progress.loading():
            request = None if resume else read_request(wanted)
        if launched_world() is None:
            # Before torch is imported: a folder that cannot be written is known now.
            wanted = held.enter_context(claim(wanted, resume=resume, overwrite=overwrite)).config
            held.enter_context(telling("modaxfer train", Path(str(wanted.output)), begun=CONFIG))
        with progress.loading():
            # Here torch is imported, which takes seconds; above this line most mistakes have been answered.
            from modaxfer.reports import report_run
            from modaxfer.runner.beside.schedule import run_with_companions
            from modaxfer.runner.observed import observed

        observer = held.enter_context(observed())
        result, folder = run_with_companions(
            wanted,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            request=request,
            observed=observer,
        )
        if observer.told and not observer.elsewhere:
            bring_home(folder)
            told = told_of_choice(result, folder, wanted.recommended)
            # What was found out while scoring, too; what has been said is not said again.
            for warning in told.warnings:
                progress.warn(warning)
            if on_result is not None:
                on_result(told, folder)
            if report:
                report_run(told, folder)
            observer.end(folder)
    return Run(folder, trust_remote_code=wanted.trust_remote_code)


def compare(
    config: Mapping[str, Any] | str | Path | None = None,
    *,
    resume: bool = False,
    retry_failed: bool = False,
    engine: str | None = None,
    jobs: int | None = None,
    resources: Mapping[str, Any] | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Comparison:
    """Run a grid of encoders x strategies x tasks x seeds, one ordinary run per cell.

    A cell that is refused or that fails is a row with its reason, and the rest goes on. Started again with the same
    request, a comparison that was broken off runs only what is missing: completed cells are kept, refused ones are
    asked again, failed ones are kept unless `retry_failed`.

    Args:
        config: A mapping, or the path of a YAML file, such as a comparison's ``compare.yaml``; `settings` go over it.
        resume: Resume the comparison in the output folder, as it was asked for.
        retry_failed: Run cells again that failed before.
        engine: ``local``, ``ray`` or ``slurm``: runs each cell in a process of its own; None = one after another, in
            this process, or ``local`` where `jobs` is given.
        jobs: Cells at once, on an engine.
        resources: What each is given there: ``cpus``, ``gpus``, ``memory_gb``, ``minutes``, ``partition``, ``cluster``.
        quiet: Keep silent on standard error.
        **settings: ``encoder``, ``strategy`` and ``task`` as lists or as text with commas (``a+b`` is one cell with
            both), ``seeds`` (how many, from ``seed`` on), and other fields of `modaxfer.RunConfig` for all cells.

    Raises:
        ModaxferError: The request as a whole was wrong: an unknown name or setting, or a folder that holds another
            comparison.
    """
    from modaxfer.data.streaming.watched import watched
    from modaxfer.runner.claims.hold import hold
    from modaxfer.runner.compare.folder import REQUEST, claim, folder_of, stored_grid
    from modaxfer.runner.compare.grid import read_grid
    from modaxfer.runner.compare.names import check_names
    from modaxfer.runner.processes.signals import heeded, telling
    from modaxfer.runner.progress import Progress

    where = chosen(engine, jobs, resources)
    values = {**read_values(config, settings), **settings}
    values = plain_values(values)
    if resume:
        place = Path(values.get("output") or read_grid(values).default_folder())
        stored = stored_grid(place).to_dict()
        refuse_code_by_file(stored.get("trust_remote_code"), place, asked=bool(values.get("trust_remote_code")))
        values = stored | values
    grid = read_grid(values)
    check_names(grid)
    folder = folder_of(grid)
    command = "modaxfer compare" if where is None else f"modaxfer compare {where.words}"
    progress = Progress(not quiet)
    with heeded(), watched(progress.passing), hold(folder), telling(command, folder, begun=REQUEST):
        claim(grid)

        with progress.loading():
            # Here torch is imported, which takes seconds; above this line most mistakes have been answered.
            from modaxfer.reports import report_run
            from modaxfer.reports.compare import write
            from modaxfer.runner.compare.sweep import Sweep

        Sweep(
            grid,
            folder,
            progress=progress,
            retry_failed=retry_failed,
            where=where,
            on_run=report_run,
            on_change=lambda: write(folder),
        ).run()
    return Comparison(folder)


def make_config(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    **settings: Unpack[Settings],
) -> RunConfig:
    """Return a checked config from a config, a mapping or a YAML file, with `settings` over it.

    Rows in memory are written to a file that is called by their content.

    Raises:
        ConfigError: A key or a value is wrong, or a file asks to run code.
        DataError: The rows in memory are none.
    """
    values = dict(vars(config)) if isinstance(config, RunConfig) else read_values(config, settings)
    given = [each or {} for each in (values.get("set"), settings.get("set"))]
    if not all(isinstance(each, Mapping) for each in given):
        raise ConfigError(
            "set takes a mapping of options to values", got=given[-1] or given[0], fix='write set={"strategy.rank": 4}'
        )
    whole = values | dict(settings) | {"set": dict(given[0]) | dict(given[1])}
    # A misspelt key is told before rows in memory are looked at: it may be the one that they are read by.
    build(RunConfig, plain_values(whole | {"data": None}))
    return build(RunConfig, plain_values(whole))


for _face in (train, make_config):
    setattr(_face, "__signature__", signature_of(_face))  # noqa: B010 - no function is declared to have one
