"""Settings and result keys, from the dataclasses that define them."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Mapping

from modaxfer.config import EncoderOptions, RunConfig, SourceOptions, TrainOptions
from modaxfer.pretraining.config import PretrainingConfig
from modaxfer.registry import load_target, registry
from modaxfer.result import Result
from tables.markdown import code, codes, table


def run_config() -> str:
    """Return every field of a run's config."""
    return _fields(RunConfig)


def train_options() -> str:
    """Return the options of gradient phases."""
    return _fields(TrainOptions, "train.")


def encoder_options() -> str:
    """Return the options of encoders."""
    return _fields(EncoderOptions, "encoder.")


def source_options() -> str:
    """Return the options of a source stage."""
    return _fields(SourceOptions, "source.")


def strategy_options() -> str:
    """Return the options of each strategy under a heading of its own."""
    return _options("strategy")


def objective_options() -> str:
    """Return the options of each objective under a heading of its own."""
    return _options("objective")


def pretraining_config() -> str:
    """Return every field of a pretraining's config."""
    return _fields(PretrainingConfig)


def bridge_options() -> str:
    """Return the options of each bridge that has any under a heading of its own."""
    return _options("bridge")


def result_keys() -> str:
    """Return the keys of result.json with the docs that stand below the fields in the source."""
    docs = attribute_docs(Result)
    rows = [[code(field.name), docs.get(field.name, "")] for field in dataclasses.fields(Result)]
    return table(["key", "what it holds"], rows)


def _options(kind: str) -> str:
    entries = [entry for entry in registry().all(kind) if entry.spec.options]
    fields = (_fields(load_target(entry.spec.options), f"{kind}.") for entry in entries)
    parts = zip(entries, fields, strict=True)
    return "\n\n".join(f"### {registry().shown(entry)}\n\n{entry.spec.summary}\n\n{text}" for entry, text in parts)


def _fields(cls: type, prefix: str = "") -> str:
    rows = [
        [
            code(prefix + field.name),
            code(_default(field)),
            codes(field.metadata.get("choices", ())),
            field.metadata["doc"],
        ]
        for field in dataclasses.fields(cls)
    ]
    return table(["key", "default", "allowed", "what it does"], rows)


def _default(field: dataclasses.Field[object]) -> str:
    default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    return "" if default is None or isinstance(default, Mapping) else str(default)


def attribute_docs(cls: type) -> dict[str, str]:
    """Return the string below each attribute of `cls`; Python itself does not keep them."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    docs = {}
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            docs[statement.target.id] = " ".join(str(following.value.value).split()).replace("``", "`")
    return docs
