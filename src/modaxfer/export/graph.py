"""ONNX, by torch's own exporter (``dynamo=True``): batch and length stay open; eight bits by onnxruntime."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modaxfer.encoders.saving import copy_small_files
from modaxfer.errors import MissingPackageError, RefusedError
from modaxfer.export.folders import PROCESSOR, write_pipeline

if TYPE_CHECKING:
    from modaxfer.export.subject import Subject

__all__ = ["require_onnx", "write_graph"]

GRAPH, EIGHT_BITS = "model.onnx", "model.int8.onnx"

TRACE = "pkg.torch.onnx.stack_trace"
"""Where the exporter notes which files of this machine a node came from, by their whole paths."""

MASK, NAMED = "mask", "attention_mask"
"""What a batch calls the tokens that are real, and what others call it."""

LENGTH = {"input_ids": 1, NAMED: 1, "token_type_ids": 1, "input_values": 1, "input_features": 2, "patches": 1}
"""By input, the axis that may be of any length, beside that of the rows."""


_LENGTHS = {
    "text": "any batch and length",
    "drawn": "any batch and length",
    "image": "any batch",
    "audio": "any length, one in a batch",
}
"""By kind of input, what stays open."""


class _Graph(nn.Module):
    """A model with named tensors in, and calibrated logits out."""

    def __init__(self, model: nn.Module, names: tuple[str, ...], temperature: float) -> None:
        super().__init__()
        self.model, self.names, self.temperature = model, names, temperature

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        batch = dict(zip(self.names, tensors, strict=True))
        if NAMED in batch:
            batch[MASK] = batch.pop(NAMED).bool()
        logits: torch.Tensor = self.model(batch)
        return logits / self.temperature


def require_onnx() -> None:
    """Check that the extra ``export`` is there.

    Raises:
        MissingPackageError: It is not.
    """
    from importlib.util import find_spec

    for package in ("onnx", "onnxruntime", "onnxscript"):
        if find_spec(package) is None:
            raise MissingPackageError(package, "export --to onnx", "pip install 'modaxfer[export]'")


def write_graph(subject: Subject, folder: Path, rows: list[Any], *, eight_bits: bool) -> list[str]:
    """Write ``model.onnx``, or ``model.int8.onnx``, with what makes its inputs.

    Args:
        subject: The run.
        folder: A folder that is there.
        rows: Prepared examples, one or more, by which the graph is traced.
        eight_bits: Whether the weights of matrix products are kept in 8 bits, quantised as they are used.

    Raises:
        RefusedError: The exporter cannot follow the model, with its reason.
    """
    batch = _traced(subject, rows)
    names = tuple(batch)
    model = _Graph(subject.predictor.model, names, subject.described.decision.temperature).eval()
    shapes = tuple(
        {0: torch.export.Dim.DYNAMIC} | ({LENGTH[name]: torch.export.Dim.DYNAMIC} if name in LENGTH else {})
        for name in names
    )
    with _silent(), torch.no_grad():
        try:
            program: Any = torch.onnx.export(
                model, tuple(batch.values()), dynamo=True, dynamic_shapes=(shapes,), input_names=list(names),
                output_names=["logits"], verbose=False,
            )  # fmt: skip
        except Exception as error:  # Of many kinds, torch's and the model's own.
            reason = str(error).strip().splitlines()
            raise RefusedError(
                "torch cannot export this model to ONNX", got=reason[0] if reason else type(error).__name__,
                fix="export it --to transformers or pipeline",
            ) from error  # fmt: skip
    for node in program.model.graph.all_nodes():
        node.metadata_props.pop(TRACE, None)
    program.save(folder / GRAPH)
    graph = _in_eight_bits(folder) if eight_bits else GRAPH
    copy_small_files(subject.encoder.source_folder(), folder / PROCESSOR)
    told = {"graph": graph, "processor": PROCESSOR}
    write_pipeline(subject, folder, "graph", told, divided=True, inside=True)
    lengths = _LENGTHS[subject.kind]
    return [f"{graph}: inputs {', '.join(names)}; {lengths}; output logits, calibrated"]


def _traced(subject: Subject, rows: list[Any]) -> dict[str, torch.Tensor]:
    """Return a batch to trace by; sounds are of one length there, and heard to their end."""
    rows = [rows[0], rows[-1] if subject.kind != "audio" else rows[0]]
    batch = dict(subject.predictor.processor.collate(rows))
    batch.pop("lengths", None)
    if MASK in batch:
        batch[NAMED] = batch.pop(MASK).long()
    return batch


def _in_eight_bits(folder: Path) -> str:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _silent():
        quantize_dynamic(folder / GRAPH, folder / EIGHT_BITS, weight_type=QuantType.QInt8)
    for path in folder.glob(f"{GRAPH}*"):
        path.unlink()
    return EIGHT_BITS


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Hold back what the exporter tells on the way: its steps, torchvision that is not there, what is deprecated."""
    level = logging.root.manager.disable
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(said):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(level)
