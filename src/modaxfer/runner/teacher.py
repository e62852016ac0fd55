"""What a teacher says of the rows of a task: asked once, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file

from modaxfer.runner.context import RunContext
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.processes.accelerate import share
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.teacher import SPLITS, Teacher
from modaxfer.runner.tensors import write_tensors

__all__ = ["ask_teacher"]


def ask_teacher(resolved: ResolvedTask, context: RunContext, folder: Path) -> Mapping[str, torch.Tensor]:
    """Return the teacher's outputs by split, float32 ``[rows, outputs]``, in the order of the task's classes.

    The main process asks and hands the others what came out; a run that is killed later takes it from `folder`. The
    teacher is gone from memory before the model that learns from it is loaded. Rows are asked about as they stand in
    the data, whatever an augmentation makes of them in an epoch.

    Args:
        resolved: With its teacher; nothing is returned where there is none.
        context: What the sessions of the run share.
        folder: ``RUN/.checkpoint``.

    Raises:
        DataError: A row cannot be read by the teacher.
    """
    teacher = resolved.teacher
    if teacher is None:
        return {}
    stored = folder / "teacher.safetensors"

    def asked() -> dict[str, torch.Tensor]:
        if stored.is_file():
            found: dict[str, torch.Tensor] = load_file(stored)
            return found
        made = _asked(resolved, teacher, context)
        write_tensors(made, stored)
        return made

    with context.stages.stage("features"):
        return share(context.accelerator, asked)


def _asked(resolved: ResolvedTask, teacher: Teacher, context: RunContext) -> dict[str, torch.Tensor]:
    context.progress.say(
        f"{'teacher':<11}{teacher.told['encoder']}, {teacher.told['strategy']} ({teacher.told['run']})"
    )
    device = context.accelerator.device.type
    predictor = Predictor(teacher.folder, device=device, trust_remote_code=resolved.config.trust_remote_code)
    order, data = list(teacher.order), resolved.data
    return {
        name: predictor.logits(data.splits[name].to_list(), data.root, context.progress)[:, order].contiguous()
        for name in SPLITS
        if name in data.splits
    }
