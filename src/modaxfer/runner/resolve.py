"""From what was asked for to what will be run, or a refusal; no weight is loaded here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from modaxfer.config import EncoderOptions, RunConfig
from modaxfer.contracts import Bridge, InputLayout, TaskData
from modaxfer.encoders.adapters import adapted_modules
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.load import outline
from modaxfer.errors import RefusedError
from modaxfer.metrics import default_metrics
from modaxfer.plan import Need, Plan, PlanContext
from modaxfer.registry import Entry, load_target
from modaxfer.runner.options import Options, split_options
from modaxfer.runner.request import Request, pick_way, read_request
from modaxfer.spec import Field, TaskSpec
from modaxfer.tasks.load import fields_of, load_task

__all__ = ["Cell", "build_bridge", "describe", "options_class", "resolve_cell"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination of encoder, bridge, strategy and task that can be run, with its rows."""

    config: RunConfig
    encoder: ResolvedEncoder
    bridge: Entry
    layout: InputLayout
    strategy: Entry
    task_id: str
    task: TaskSpec
    fields: tuple[Field, ...]
    data: TaskData
    options: Options
    plan: Plan
    metrics: tuple[str, ...]
    primary: str


def resolve_cell(config: RunConfig, request: Request | None = None) -> Cell:
    """Choose everything a run needs and refuse what cannot work.

    Args:
        config: The request.
        request: What `read_request` made of `config`, where that has been asked already.

    Raises:
        ConfigError: Something is missing from the request, or an option does not exist.
        UnknownNameError: A name is not registered.
        RefusedError: The combination cannot be run.
        DataError: The rows cannot be had, or are not fit for use.
        CheckpointUnavailableError: The weights cannot be had.
    """
    request = request or read_request(config)
    strategy, task, encoder = request.strategy, request.task, request.encoder
    data = load_task(task, data_dir=config.data_dir, seed=config.seed, limit=config.limit, on_bad_row=config.on_bad_row)
    fields = fields_of(task, data)
    bridge = pick_way(fields, encoder, config.bridge)
    options = split_options(config.set, *(options_class(entry) for entry in (strategy, bridge)))
    layout = encoder.layout(bridge.spec.sink, options.encoder)
    options = _sized(options, layout, data, fields)
    layout = encoder.layout(bridge.spec.sink, options.encoder)
    plan = _plan(config, strategy, options, encoder, task, len(data.targets["train"]), bridge)
    metrics = task.metrics or default_metrics(task.target.problem)
    cell = Cell(
        config=replace(config, set=options.flat()),
        encoder=encoder,
        bridge=bridge,
        layout=layout,
        strategy=strategy,
        task_id=request.task_id,
        task=task,
        fields=fields,
        data=data,
        options=options,
        plan=plan,
        metrics=metrics,
        primary=task.primary or metrics[0],
    )
    build_bridge(cell)
    if plan.adapter is not None:
        adapted_modules(outline(encoder), plan.adapter)
    return cell


def build_bridge(cell: Cell) -> Bridge:
    """Return the bridge of `cell`, ready to take rows.

    Raises:
        RefusedError: The bridge does not take these fields.
    """
    target = load_target(cell.bridge.spec.target)
    bridge: Bridge = target(cell.options.bridge, cell.fields, cell.layout, cell.data.root)
    return bridge


def options_class(entry: Entry) -> type | None:
    """Return the options dataclass of a strategy or bridge, None if it takes none."""
    return load_target(entry.spec.options) if entry.spec.options else None


def _sized(options: Options, layout: InputLayout, data: TaskData, fields: tuple[Field, ...]) -> Options:
    """Fix the picture size where the task's pictures are much smaller than the encoder's."""
    if layout.kind != "image" or options.encoder.image_size is not None or fields[0].signal.kind != "image":
        return options
    from modaxfer.data.media import read_image
    from modaxfer.encoders.image import sensible_image_size

    column = data.splits["train"][fields[0].name]
    sides = [max(read_image(value, data.root).size) for value in column[:32]]
    size = sensible_image_size(layout, sides)
    return replace(options, encoder=EncoderOptions(**{**vars(options.encoder), "image_size": size}))


def _plan(
    config: RunConfig,
    strategy: Entry,
    options: Options,
    encoder: ResolvedEncoder,
    task: TaskSpec,
    rows: int,
    bridge: Entry,
) -> Plan:
    context = PlanContext(
        rates=encoder.spec.rates,
        depth=encoder.depth,
        lora_targets=encoder.spec.lora_targets,
        problem=task.target.problem,
        rows=rows,
        batch_size=config.batch_size,
        epochs=config.epochs,
        learning_rate=config.learning_rate,
        trained_bridge=bridge.spec.trained,
        pretrained=config.weights == "pretrained" and encoder.spec.pretrained,
    )
    plan: Plan = load_target(strategy.spec.target)(options.strategy, context)
    _refuse_unmet(plan, config, strategy)
    return plan


def _refuse_unmet(plan: Plan, config: RunConfig, strategy: Entry) -> None:
    unmet = {need for need in plan.needs if need is not Need.SOURCE_LABELS or config.source_task is None}
    if unmet:
        raise RefusedError(
            f"strategy {strategy.name} needs data that this run does not have",
            got=sorted(need.value for need in unmet),
            fix="choose another strategy (`modaxfer list strategies`)",
        )
    if config.source_task is not None:
        raise RefusedError(
            f"strategy {strategy.name} does not use a source task",
            got=config.source_task,
            fix="leave --source-task out",
        )


def describe(cell: Cell) -> dict[str, Any]:
    """Return the choices of `cell` as plain values, for people."""
    return {
        "task": cell.task_id,
        "encoder": cell.encoder.id,
        "checkpoint": cell.encoder.checkpoint,
        "bridge": cell.bridge.id,
        "strategy": cell.strategy.id,
    }
