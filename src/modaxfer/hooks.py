"""The hooks a plugin may implement; signatures are checked by pluggy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pluggy

from modaxfer.spec import (
    AugmentationSpec,
    BridgeSpec,
    CheckpointSpec,
    ClassicalHeadSpec,
    EncoderSpec,
    HeadSpec,
    MetricSpec,
    ObjectiveSpec,
    ProblemSpec,
    ReportSpec,
    StrategySpec,
    TaskSpec,
    TransferabilitySpec,
    ValidatorSpec,
)

__all__ = ["HookSpecs", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("modaxfer")
hookimpl = pluggy.HookimplMarker("modaxfer")


class HookSpecs:
    """Everything the framework asks of a plugin; all hooks are optional."""

    @hookspec
    def modaxfer_encoders(self) -> Iterable[EncoderSpec]:
        """Return the encoder families this plugin brings."""
        return ()

    @hookspec
    def modaxfer_checkpoints(self) -> Iterable[CheckpointSpec]:
        """Return weights for encoders of this or another plugin."""
        return ()

    @hookspec
    def modaxfer_bridges(self) -> Iterable[BridgeSpec]:
        """Return ways from a signal to what an encoder takes."""
        return ()

    @hookspec
    def modaxfer_heads(self) -> Iterable[HeadSpec]:
        """Return heads that a plan can name."""
        return ()

    @hookspec
    def modaxfer_classical_heads(self) -> Iterable[ClassicalHeadSpec]:
        """Return heads that are fitted to frozen features without steps."""
        return ()

    @hookspec
    def modaxfer_augmentations(self) -> Iterable[AugmentationSpec]:
        """Return changes of training rows after which their targets still hold."""
        return ()

    @hookspec
    def modaxfer_objectives(self) -> Iterable[ObjectiveSpec]:
        """Return what encoders can be pretrained by."""
        return ()

    @hookspec
    def modaxfer_strategies(self) -> Iterable[StrategySpec]:
        """Return transfer methods."""
        return ()

    @hookspec
    def modaxfer_validators(self) -> Iterable[ValidatorSpec]:
        """Return what can choose the best epoch, without labels of the target."""
        return ()

    @hookspec
    def modaxfer_transferability(self) -> Iterable[TransferabilitySpec]:
        """Return what judges an encoder for a task before anything is trained."""
        return ()

    @hookspec
    def modaxfer_tasks(self) -> Iterable[TaskSpec]:
        """Return tasks."""
        return ()

    @hookspec
    def modaxfer_problems(self) -> Iterable[ProblemSpec]:
        """Return kinds of targets."""
        return ()

    @hookspec
    def modaxfer_metrics(self) -> Iterable[MetricSpec]:
        """Return scores."""
        return ()

    @hookspec
    def modaxfer_reports(self) -> Iterable[ReportSpec]:
        """Return renderings of a result."""
        return ()

    @hookspec(firstresult=True)
    def modaxfer_pick_bridge(self, source: str, sink: str) -> str | None:
        """Choose a bridge, or None to leave it to others.

        Args:
            source: Signal kinds of the task's fields, sorted and joined by ``+``: ``text``, ``image+text``. Images and
                sounds that a row has several of stand twice: ``image+image``.
            sink: Signal kind that the encoder takes.
        """

    @hookspec
    def modaxfer_run_start(self, config: Mapping[str, Any]) -> None:
        """Observe the start of a run: what one command or call asked for, or one cell of a comparison.

        What is trained before and beside it (source stages, trials, seeds, folds, baselines) is part of it and has no
        events of its own. All events of a run come once, in its main process.

        Args:
            config: All settings, resolved, ``output`` (the folder) among them; read-only.
        """

    @hookspec
    def modaxfer_stage_end(self, stage: str, seconds: float) -> None:
        """Observe the end of a stage: load, prepare, features, train, evaluate. One may end several times."""

    @hookspec
    def modaxfer_logged(self, values: Mapping[str, Any]) -> None:
        """Observe a line of ``log.jsonl``: a logged step with every loss under ``terms``, or what validation found.

        `values` is read-only. Called in the main process, after the line has been written.
        """

    @hookspec
    def modaxfer_run_end(self, result: Mapping[str, Any], folder: Path) -> None:
        """Observe the end of a run, when all that belongs to it is in its folder: companions, reports, figures.

        Args:
            result: As stored in result.json; read-only.
            folder: Of the run, absolute.
        """

    @hookspec
    def modaxfer_run_error(self, error: BaseException) -> None:
        """Observe a run that failed, or that was interrupted (then `error` is a KeyboardInterrupt)."""
