"""From what was asked for to what will be run, or a refusal; no weight is loaded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from modaxfer.config import EncoderOptions, RunConfig
from modaxfer.contracts import Bridge, ExaminingBridge, FittedBridge, Readout, TaskData
from modaxfer.data.rows import TooFewRowsError
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.errors import DataError, ModaxferError
from modaxfer.metrics import default_metrics
from modaxfer.plan import Plan, PlanContext, Role
from modaxfer.problems.conformity import require_problem
from modaxfer.registry import BUILTIN, Entry, blame_of, fault, problem_name, problem_of, problem_spec, registry
from modaxfer.runner.model.description import ModelDescription, TowerDescription
from modaxfer.runner.request.asked_scores import refuse_other_scores, usual_scores
from modaxfer.runner.request.augmented import augmented
from modaxfer.runner.request.bounds import LABELLED, bounded, refuse_unbounded, without_unlabelled
from modaxfer.runner.request.division import refuse_unseen_shots
from modaxfer.runner.request.merged import find_merged
from modaxfer.runner.request.options import Options, options_class, split_options
from modaxfer.runner.request.parent import (
    begun,
    find_parent,
    parent_classes,
    refuse_headless,
    refuse_no_parent,
    refuse_other_options,
    refuse_other_way,
)
from modaxfer.runner.request.parts import with_parts
from modaxfer.runner.request.pretrained import as_pretrained
from modaxfer.runner.request.private import privately, refuse_known_members
from modaxfer.runner.request.proxy import Proxy, find_proxy
from modaxfer.runner.request.rates import careful, rates_set, with_bridge_rate
from modaxfer.runner.request.rehearsal import rehearse
from modaxfer.runner.request.request import Request, pick_ways, read_request
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.sizes import picture_size
from modaxfer.runner.request.source import (
    fit_classes,
    refuse_alignment,
    refuse_other_bridge,
    refuse_other_fields,
    refuse_other_uses,
)
from modaxfer.runner.request.source_head import find_source_head
from modaxfer.runner.request.streams import check_correction, check_streams, refuse_ends
from modaxfer.runner.request.teacher import Teacher, find_teacher, taught
from modaxfer.runner.request.written import written
from modaxfer.spec import UNLABELLED, Field, TaskSpec
from modaxfer.tasks.division import division_of
from modaxfer.tasks.load import fields_of, load_task
from modaxfer.tasks.memory import Memory
from modaxfer.tasks.unlabelled import with_unlabelled

__all__ = ["resolve_tasks"]


@dataclass(frozen=True, kw_only=True)
class _TaskRows:
    """A task with its rows, before options and plan are known."""

    task_id: str
    task: TaskSpec
    data: TaskData
    fields: tuple[Field, ...]
    ways: tuple[tuple[tuple[Field, ...], Entry], ...]


@dataclass(frozen=True)
class _Chosen:
    """What all tasks of a run share."""

    options: Options
    encoder_options: tuple[EncoderOptions, ...]
    plan: Plan
    rates_set: Mapping[str, tuple[float, float]]
    teacher: Teacher | None
    parent: ModelDescription | None


def resolve_tasks(
    config: RunConfig,
    request: Request | None = None,
    memory: Memory | None = None,
    given: TaskData | None = None,
) -> tuple[ResolvedTask, ...]:
    """Choose everything a run needs and refuse what cannot work.

    Args:
        config: The request.
        request: What `read_request` made of `config`, where that has been asked already.
        memory: What other runs of the command have read of their tasks.
        given: Rows of the only task, where it is no registered one and they are read already.

    Returns:
        One per task; all share encoders, strategy and plan.

    Raises:
        ConfigError: Something is missing from the request, or an option does not exist.
        UnknownNameError: A name is not registered.
        RefusedError: The combination cannot be run.
        DataError: The rows cannot be had, or are not fit for use.
        CheckpointUnavailableError: The weights cannot be had.
        MissingPackageError: An option needs a package that is not installed.
        PluginError: A plugin's problem is not complete.
    """
    request = request or read_request(config)
    parent = find_parent(config, request.strategy, request.encoders[0])
    asked = [_task_rows(config, request, task_id, task, memory, parent, given) for task_id, task in request.tasks]
    if config.unlabelled is not None:
        asked = [_with_unlabelled(config, each) for each in asked]
    source = _source_rows(config, request, asked, memory)
    options, encoder_options = _settled_options(config, request, asked, source, parent)
    first = asked[0]
    teacher = find_teacher(config, problem_name(first.task.target.problem), first.data.classes, first.fields)
    plan, rates = _plan(config, request, options, asked, source, parent)
    more = config.unlabelled is not None and config.bound != LABELLED
    plan = taught(plan, teacher, options.train, unlabelled=more)
    chosen = _Chosen(options, encoder_options, plan, rates, teacher, parent)
    bridge_options = iter(options.bridges)
    tasks = tuple(_resolved(config, request, each, chosen, bridge_options) for each in asked)
    return _checked(config, tuple(_completed(resolved, request) for resolved in tasks), source)


def _settled_options(
    config: RunConfig,
    request: Request,
    asked: Sequence[_TaskRows],
    source: _TaskRows | None,
    parent: ModelDescription | None,
) -> tuple[Options, tuple[EncoderOptions, ...]]:
    """Return the options of the run, and those of each encoder.

    What the user leaves open is as the run has it that is gone on from; else as the checkpoint was pretrained, and as
    the rows of all tasks suggest.
    """
    bridges = [bridge for each in asked for _, bridge in each.ways]
    options = split_options(config.set, options_class(request.strategy), [options_class(bridge) for bridge in bridges])
    if parent is not None:
        options = refuse_other_options(parent, options)
        return options, (options.encoder,) * len(request.encoders)
    ways = [way for each in asked for way in zip(request.encoders, each.ways, strict=True)]
    options = as_pretrained(options, config.set, ways)
    everyone = [*asked, *(() if source is None else (source,))]
    sized = tuple(_sized(options.encoder, encoder, place, everyone) for place, encoder in enumerate(request.encoders))
    return (replace(options, encoder=sized[0]) if len(sized) == 1 else options), sized


def _resolved(
    config: RunConfig, request: Request, rows: _TaskRows, chosen: _Chosen, bridge_options: Iterator[Any]
) -> ResolvedTask:
    """Return a task with all that was chosen; `bridge_options` are those of its bridges, and of later tasks'."""
    plan = chosen.plan
    return ResolvedTask(
        config=replace(config, set=chosen.options.flat()),
        towers=tuple(
            TowerDescription(
                encoder=encoder,
                bridge=bridge,
                fields=fields,
                layout=encoder.layout(bridge.spec.sink, own),
                bridge_options=next(bridge_options),
                encoder_options=own,
                readout=_readout(encoder, own),
                segments=0 if plan.fusion is None else plan.fusion.segments,
                adapter=plan.adapter,
            )
            for encoder, own, (fields, bridge) in zip(request.encoders, chosen.encoder_options, rows.ways, strict=True)
        ),
        strategy=request.strategy,
        task_id=rows.task_id,
        task=rows.task,
        fields=rows.fields,
        data=rows.data,
        options=chosen.options,
        plan=plan,
        rates_set=chosen.rates_set,
        metrics=_metrics(rows.task),
        primary=rows.task.primary or _metrics(rows.task)[0],
        teacher=chosen.teacher,
        parent=chosen.parent if plan.head_from_run else None,
    )


def _completed(resolved: ResolvedTask, request: Request) -> ResolvedTask:
    """Return `resolved` with what its towers take from its rows, and from the runs that it builds on."""
    made = with_parts(_begun(resolved))
    return replace(made, source_head=find_source_head(made, request))


def _checked(config: RunConfig, tasks: tuple[ResolvedTask, ...], source: _TaskRows | None) -> tuple[ResolvedTask, ...]:
    """Return `tasks` as their plan may see them, once it has been tried without weights."""
    rehearse(tasks)
    first, plan = tasks[0], tasks[0].plan
    for tower in first.towers if config.weights == "pretrained" else ():
        refuse_known_members(plan, tower.encoder, first.data.fingerprint, first.data.digests["train"])
    merged = find_merged(config, plan, first.towers[0])
    tasks = tuple(replace(resolved, merged=merged) for resolved in tasks) if merged else tasks
    tasks = tuple(_with_source(resolved, plan, number, source) for number, resolved in enumerate(map(_aligned, tasks)))
    roles = {(Role.TARGET, number): resolved for number, resolved in enumerate(tasks)}
    roles |= {} if tasks[0].source is None else {(Role.SOURCE, 0): tasks[0].source}
    check_streams(roles)
    check_correction(roles)
    return tasks


def _begun(resolved: ResolvedTask) -> ResolvedTask:
    """Return `resolved` with towers as the run had them that it goes on from as a whole, where it does."""
    if resolved.parent is None:
        return resolved
    return replace(resolved, towers=tuple(begun(resolved.parent, tower) for tower in resolved.towers))


def _task_rows(
    config: RunConfig,
    request: Request,
    task_id: str,
    task: TaskSpec,
    memory: Memory | None,
    parent: ModelDescription | None = None,
    given: TaskData | None = None,
) -> _TaskRows:
    require_problem(task.target.problem, problem_of(task.target.problem))
    read = partial(
        load_task,
        data_dir=config.data_dir,
        seed=config.seed,
        limit=config.limit,
        test_limit=config.test_limit,
        on_bad_row=config.on_bad_row,
        partial=len(request.encoders) > 1,
        division=division_of(config),
        memory=memory,
    )
    try:
        data = given or read(task)
    except TooFewRowsError as error:
        raise _of_task(error, task_id) from error
    if parent is not None and data.classes != (classes := parent_classes(parent, task, data.classes, config)):
        task = replace(task, target=replace(task.target, classes=classes))
        data = read(task)
    fields = fields_of(task, data)
    if given is None:
        refuse_other_scores(config, task, data)
    ways = pick_ways(fields, request.encoders, config.bridge)
    if parent is not None:
        refuse_other_way(parent, ways[0][1], fields)
    return _TaskRows(task_id=task_id, task=task, data=data, fields=fields, ways=ways)


def _of_task(error: TooFewRowsError, task_id: str) -> ModaxferError:
    """Return `error` with the plugin whose task it is; where the plugin's own code brings the rows, it is its fault."""
    entry = next((entry for entry in registry().all("task") if entry.id == task_id), None)
    if entry is None or entry.plugin == BUILTIN:
        return error
    found = blame_of(entry)
    if found.module:
        return fault(entry, "brings too few usable rows", got=f"{error.what}: {error.got}", allowed=error.allowed)
    what = f"task {task_id} ({found.distribution} {found.version}): {error.what}"
    return DataError(what, got=error.got, allowed=error.allowed, fix=error.fix)


def _with_unlabelled(config: RunConfig, rows: _TaskRows) -> _TaskRows:
    """Return a task's rows with those that come without labels beside them."""
    assert config.unlabelled is not None, "asked before"
    data = with_unlabelled(rows.data, rows.fields, config.unlabelled, data_dir=config.data_dir)
    return replace(rows, data=data)


def _sized(options: EncoderOptions, encoder: ResolvedEncoder, place: int, asked: Sequence[_TaskRows]) -> EncoderOptions:
    """Fix the picture size where the tasks' pictures are much smaller than the encoder's; the largest task decides."""
    sizes = [
        picture_size(encoder, each.data, *each.ways[place])
        for each in asked
        if each.ways[place][1].spec.sink == "image" and options.image_size is None
    ]
    known = [size for size in sizes if size is not None]
    return replace(options, image_size=max(known)) if known and len(known) == len(sizes) else options


def _source_rows(
    config: RunConfig, request: Request, asked: Sequence[_TaskRows], memory: Memory | None
) -> _TaskRows | None:
    """Return the source task's rows with the classes of the task; None where there is no source."""
    if request.source is None:
        return None
    # Folds and few-shot episodes part the rows of the task that the run is for.
    whole = replace(config, folds=None, fold=None, shots=None, episode=None, **usual_scores())
    own, target = _task_rows(whole, request, *request.source, memory), asked[0]
    for (_, ours), (_, theirs) in zip(own.ways, target.ways, strict=True):
        refuse_other_bridge(ours, theirs)
    data = fit_classes(config, (own.task_id, own.data), (target.task_id, target.data))
    return replace(own, data=data.untested())


def _with_source(resolved: ResolvedTask, plan: Plan, number: int, source: _TaskRows | None) -> ResolvedTask:
    """Return `resolved` as `plan` may see it: with its source, and with sealed labels where they are hidden."""
    if not plan.shows(Role.TARGET, number):
        # Validation targets that choose epochs stay open: the plan says that it wants them.
        kept = ("validation",) if plan.shows(Role.TARGET, number, "validation") else ()
        resolved = replace(resolved, data=resolved.data.hidden(but=kept))
        refuse_alignment(resolved.proxies, resolved.strategy)
    if source is None or not plan.uses_source:
        return resolved
    own = replace(
        resolved,
        task_id=source.task_id,
        task=source.task,
        fields=source.fields,
        data=source.data,
        towers=tuple(
            replace(tower, fields=fields) for tower, (fields, _) in zip(resolved.towers, source.ways, strict=True)
        ),
    )
    for ours, theirs in zip(own.towers, resolved.towers, strict=True):
        if isinstance(_examined(ours, own), FittedBridge):
            refuse_other_fields(ours.bridge, ours.fields, theirs.fields)
    return replace(resolved, source=own)


def _plan(
    config: RunConfig,
    request: Request,
    options: Options,
    asked: Sequence[_TaskRows],
    source: _TaskRows | None,
    parent: ModelDescription | None,
) -> tuple[Plan, Mapping[str, tuple[float, float]]]:
    specs = [encoder.spec for encoder in request.encoders]
    problem = asked[0].task.target.problem
    context = PlanContext(
        rates=careful([spec.rates for spec in specs]),
        depth=min(encoder.depth for encoder in request.encoders),
        adapter_targets=tuple(dict.fromkeys(target for spec in specs for target in spec.adapter_targets)),
        problem=replace(problem_spec(problem), name=problem_name(problem)),
        rows=sum(each.data.rows["train"] for each in asked),
        source_rows=0 if source is None else source.data.rows["train"],
        from_run=parent is not None,
        unlabelled_rows=asked[0].data.rows.get(UNLABELLED, 0),
        tasks=len(asked),
        batch_size=config.batch_size,
        epochs=config.epochs,
        learning_rate=config.learning_rate,
        private=config.private is not None,
        trained_bridge=any(bridge.spec.trained for each in asked for _, bridge in each.ways),
        pretrained=config.weights == "pretrained" and all(spec.pretrained for spec in specs),
    )
    plan = written(request.strategy, options.strategy, context)
    rates = rates_set(options, plan, context, lambda changed, told: written(request.strategy, changed, told))
    rows = {Role.TARGET: context.rows, Role.SOURCE: context.source_rows}
    if config.bound == LABELLED:
        plan = without_unlabelled(plan, rows, context.unlabelled_rows, config.batch_size)
    elif config.bound:
        plan = bounded(plan, config.bound, rows, config.batch_size)
    refuse_unbounded(plan)
    refuse_no_parent(plan, parent, request.strategy)
    refuse_other_uses(plan, request.strategy)
    refuse_unseen_shots(config, plan, request.strategy.name)
    refuse_ends(plan, request.strategy)
    refuse_headless(plan, request.strategy)
    forms = [bridge.spec.sink for each in asked for _, bridge in each.ways]
    plan = augmented(plan, config.augment, request.roles, forms, len(request.encoders))
    factor = options.train.bridge_rate
    plan = replace(plan, phases=tuple(with_bridge_rate(phase, factor) for phase in plan.phases))
    return privately(plan, config, options.train, context.rows, context.problem.name), rates


def _metrics(task: TaskSpec) -> tuple[str, ...]:
    return task.metrics or default_metrics(task.target.problem)


def _examined(described: TowerDescription, resolved: ResolvedTask) -> Bridge:
    """Return a bridge that has looked at the training rows, where it is one that does."""
    bridge = described.build_bridge(resolved.data.root)
    if isinstance(bridge, ExaminingBridge):
        rows = resolved.data.splits["train"].select_columns([field.name for field in described.fields])
        bridge.examine(rows.to_list())
    return bridge


def _aligned(resolved: ResolvedTask) -> ResolvedTask:
    """Return `resolved` with what its bridges are aligned with before training."""
    return replace(resolved, proxies=tuple(_proxy(described, resolved) for described in resolved.towers))


def _proxy(described: TowerDescription, resolved: ResolvedTask) -> Proxy | None:
    """Let the bridge look at the training rows, and find what it is to be aligned with."""
    bridge = _examined(described, resolved)
    return find_proxy(bridge, described.encoder, described.encoder_options, resolved.config)


def _readout(encoder: ResolvedEncoder, options: EncoderOptions) -> Readout:
    layer = encoder.depth if options.layer is None else options.layer
    return Readout(layers=(layer,), pooling=options.pooling or encoder.pooling)
