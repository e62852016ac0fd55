"""Names that nothing is registered under are a mistake in the request, and refuse a comparison as a whole."""

from __future__ import annotations

from modaxfer.config import RunConfig
from modaxfer.encoders.checkpoints import resolve
from modaxfer.errors import AmbiguousNameError, ConfigError, ModaxferError, UnknownNameError
from modaxfer.registry import registry
from modaxfer.runner.compare.grid import Grid, members
from modaxfer.runner.request.options import check_options
from modaxfer.runner.request.request import find_tasks
from modaxfer.tracking import asked_trackers

__all__ = ["check_names"]


def check_names(grid: Grid) -> None:
    """Refuse a grid that names what there is not. Loads no weights.

    An encoder that exists and whose weights cannot be had is no such mistake: its cells say so.

    Raises:
        UnknownNameError: An encoder, strategy or task is not registered; names close ones.
        AmbiguousNameError: A short name is brought by two plugins.
        ConfigError: An encoder does not come in this size, or no cell can take an option.
        DataError: The user's own files cannot be a task.
    """
    asked_trackers(grid.settings.track)
    for strategy in grid.axes.strategy:
        registry().get("strategy", strategy)
    _check_options(grid)
    for task in grid.axes.task:
        for name in members(task):
            registry().get("task", name)
    if grid.settings.data is not None:
        find_tasks(grid.settings)
    for encoder in grid.axes.encoder:
        for name in members(encoder):
            _check_encoder(name, grid.settings)


def _check_options(grid: Grid) -> None:
    """Refuse options that no strategy of the grid can take: those that some can are for their cells to refuse."""
    refused = []
    for strategy in grid.axes.strategy:
        try:
            check_options(grid.settings.set, registry().get("strategy", strategy), None)
        except ConfigError as error:
            refused.append(error)
    if len(refused) == len(grid.axes.strategy):
        raise refused[0]


def _check_encoder(name: str, settings: RunConfig) -> None:
    try:
        resolve(
            name,
            checkpoint=settings.checkpoint,
            revision=settings.revision,
            trust_remote_code=settings.trust_remote_code,
        )
    except (AmbiguousNameError, ConfigError, UnknownNameError):
        raise
    except ModaxferError:
        # Weights that cannot be had are a reason of their own, which the cells of this encoder give.
        return
