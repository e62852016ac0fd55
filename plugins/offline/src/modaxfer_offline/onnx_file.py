"""Reads matrices out of an ONNX file without the package onnx: its stored tensors, and which node multiplies by which.

ONNX files are protocol buffers: a row of fields, each a number that holds field and wire type (``field << 3 | type``)
and a value. Types here: 0, a number of 7 bits per byte, lowest first; 1 and 5, eight and four bytes; 2, a length and
that many bytes. Field numbers are those of ``onnx/onnx.proto`` in the ONNX sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch

from modaxfer.errors import CheckpointUnavailableError

__all__ = ["Graph", "read_graph"]

MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_TENSOR = 1, 5
NODE_INPUT, NODE_NAME, NODE_KIND = 1, 3, 4
TENSOR_SIZE, TENSOR_TYPE, TENSOR_NAME, TENSOR_BYTES = 1, 2, 8, 9
FLOAT32 = 1


@dataclass(frozen=True, kw_only=True)
class Graph:
    """What of an ONNX graph is needed here."""

    tensors: dict[str, torch.Tensor]
    """Stored float32 tensors by name."""
    products: dict[str, str]
    """Names of matrix product nodes, with the name of what they multiply by."""


def read_graph(path: Path) -> Graph:
    """Read stored tensors and matrix products.

    Raises:
        CheckpointUnavailableError: The file is damaged or no ONNX model.
    """
    try:
        data = memoryview(path.read_bytes())
        (graph,) = (value for field, value in _fields(data) if field == MODEL_GRAPH)
        parts = list(_fields(_bytes(graph)))
        tensors = dict(_tensor(_bytes(value)) for field, value in parts if field == GRAPH_TENSOR)
        nodes = [_node(_bytes(value)) for field, value in parts if field == GRAPH_NODE]
        return Graph(
            tensors={name: value for name, value in tensors.items() if value is not None},
            products={name: inputs[1] for kind, name, inputs in nodes if kind == "MatMul"},
        )
    except (ValueError, IndexError) as error:
        raise CheckpointUnavailableError(
            f"{path} is damaged or no ONNX model", got=error, fix="install its package again"
        ) from error


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    position = 0
    while position < len(data):
        key, position = _number(data, position)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _number(data, position)
            yield field, value
            continue
        if kind == 2:
            size, position = _number(data, position)
        else:
            size = {1: 8, 5: 4}.get(kind, len(data) + 1)
        if position + size > len(data):
            raise ValueError(f"a field of {size} bytes ends behind the file, or is of unknown type {kind}")
        yield field, data[position : position + size]
        position += size


def _number(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value, shift, position = value | (byte & 127) << shift, shift + 7, position + 1
        if byte < 128:
            return value, position


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message should")
    return value


def _tensor(data: memoryview) -> tuple[str, torch.Tensor | None]:
    """Return a tensor's name and value, None where it holds other numbers than float32."""
    shape, kind, name, raw = [], 0, "", memoryview(b"")
    for field, value in _fields(data):
        if field == TENSOR_SIZE and isinstance(value, int):
            shape.append(value)
        elif field == TENSOR_SIZE:
            shape += _packed(_bytes(value))
        elif field == TENSOR_TYPE and isinstance(value, int):
            kind = value
        elif field == TENSOR_NAME:
            name = bytes(_bytes(value)).decode()
        elif field == TENSOR_BYTES:
            raw = _bytes(value)
    if kind != FLOAT32:
        return name, None
    if len(raw) != 4 * prod(shape):
        raise ValueError(f"tensor {name}: {len(raw)} bytes for shape {shape}")
    return name, torch.from_numpy(np.frombuffer(raw, "<f4").reshape(shape).copy())


def _packed(data: memoryview) -> list[int]:
    numbers, position = [], 0
    while position < len(data):
        number, position = _number(data, position)
        numbers.append(number)
    return numbers


def _node(data: memoryview) -> tuple[str, str, list[str]]:
    """Return a node's kind, name and inputs."""
    texts: dict[int, list[str]] = {NODE_KIND: [""], NODE_NAME: [""], NODE_INPUT: []}
    for field, value in _fields(data):
        if field in texts:
            texts[field].append(bytes(_bytes(value)).decode())
    return texts[NODE_KIND][-1], texts[NODE_NAME][-1], texts[NODE_INPUT]
