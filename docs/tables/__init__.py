"""The tables of the documentation, by name; each is a function that returns Markdown."""

from collections.abc import Callable

from tables.adaptation import adaptation, adaptation_chains, adaptation_validators, adaptation_verdicts, shifts
from tables.adapters import adapter_encoders, adapter_methods
from tables.checks import checks
from tables.commands import commands
from tables.cross_modal import cross_modal
from tables.domains import domain_tables
from tables.embedded import embedded
from tables.engines import engines
from tables.few_labels import few_labels
from tables.fusion import fusion
from tables.growth import growth
from tables.matrix import matrix
from tables.methods import methods
from tables.plugins import PLUGIN_TABLES
from tables.plugins_speed import plugins_speed
from tables.public import public
from tables.python import python
from tables.recommend import recommend
from tables.registered import (
    augmentations,
    bridges,
    checkpoints,
    encoders,
    metrics,
    objectives,
    problems,
    strategies,
    tasks,
    transferability,
    validators,
)
from tables.scaling import scaling
from tables.settings import (
    bridge_options,
    encoder_options,
    objective_options,
    pretraining_config,
    result_keys,
    run_config,
    source_options,
    strategy_options,
    train_options,
)
from tables.sharing import sharing
from tables.speed import speed
from tables.threads import threads
from tables.trackers import trackers
from tables.ways import ways

TABLES: dict[str, Callable[[], str]] = {
    **domain_tables(),
    "adaptation": adaptation,
    "adaptation-chains": adaptation_chains,
    "adaptation-validators": adaptation_validators,
    "adaptation-verdicts": adaptation_verdicts,
    "adapter-encoders": adapter_encoders,
    "adapter-methods": adapter_methods,
    "augmentations": augmentations,
    "bridge-options": bridge_options,
    "bridges": bridges,
    "checkpoints": checkpoints,
    "checks": checks,
    "commands": commands,
    "cross-modal": cross_modal,
    "embedded": embedded,
    "encoder-options": encoder_options,
    "source-options": source_options,
    "encoders": encoders,
    "engines": engines,
    "few-labels": few_labels,
    "fusion": fusion,
    "matrix": matrix,
    "methods": methods,
    "metrics": metrics,
    "objective-options": objective_options,
    "objectives": objectives,
    "pretraining-config": pretraining_config,
    "plugins-speed": plugins_speed,
    "problems": problems,
    "public": public,
    "python": python,
    "recommend": recommend,
    "result-keys": result_keys,
    "run-config": run_config,
    "scaling": scaling,
    "growth": growth,
    "sharing": sharing,
    "shifts": shifts,
    "speed": speed,
    "strategies": strategies,
    "strategy-options": strategy_options,
    "tasks": tasks,
    "threads": threads,
    "trackers": trackers,
    "train-options": train_options,
    "transferability": transferability,
    "validators": validators,
    "ways": ways,
    **PLUGIN_TABLES,
}
