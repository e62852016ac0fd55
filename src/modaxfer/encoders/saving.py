"""An encoder as a folder that Transformers reads: its weights under the names that Transformers has for them."""

from __future__ import annotations

import copy
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from modaxfer.encoders.adapter_merge import merge_adapter
from modaxfer.encoders.own_code import is_own
from modaxfer.encoders.silence import quiet
from modaxfer.encoders.weight_files import SMALL_FILES, has_weights
from modaxfer.encoders.weights import random_model, read_model
from modaxfer.errors import OutputExistsError, RefusedError

__all__ = ["copy_small_files", "merged", "new_folder", "save_encoder", "save_transformers", "transformers_names"]

UNREAD = ("config_sentence_transformers.json", "data_config.json", "modules.json", "sentence_bert_config.json")
"""What sentence-transformers leaves beside a model: Transformers reads none of it, and it tells of other layers."""


def save_encoder(encoder: Any, folder: Path) -> None:
    """Write `encoder` into `folder`, see `modaxfer.contracts.Encoder.save`.

    Raises:
        RefusedError: It is a plugin's that cannot be saved, or it says why it cannot.
        OutputExistsError: There is something in `folder`.
    """
    if not callable(getattr(encoder, "save", None)):
        raise RefusedError(
            f"{type(encoder).__name__} cannot be written as a folder",
            got="an encoder without a method save",
            allowed="save(folder: Path), as in modaxfer.contracts.Encoder",
            fix="ask the authors of the plugin that brings it",
        )
    encoder.save(folder)


def save_transformers(encoder: Any, folder: Path) -> None:
    """Write a `modaxfer.encoders.body.LayeredEncoder` as ``save_pretrained`` would, with its tokenizer or processor.

    What of the architecture the encoder does not use (a pooler, Whisper's decoder) is written as the checkpoint that it
    came from has it, else as Transformers draws it, so that no tensor is missing. An adapter is merged.

    Raises:
        RefusedError: The model needs code of its own; it gave up its front and the front is nowhere else; or its
            adapter cannot be merged.
        OutputExistsError: There is something in `folder`.
    """
    if is_own(encoder.config):
        raise RefusedError(
            f"a model of type {encoder.config.model_type} needs code of its own, which is not copied",
            fix="save it with the code it came with",
        )
    source = encoder.origin.folder
    kept = source is not None and has_weights(source)
    if not (encoder.has_front or kept):
        raise RefusedError(
            "the encoder gave up the part that raw input enters by, and its checkpoint is not at hand",
            got=source,
            fix="load it again from the checkpoint or run, and save it before it is entered by embeddings",
        )
    whole = _whole_model(encoder, kept)
    names = transformers_names(encoder)
    places = whole.state_dict(keep_vars=True)
    own = merged(encoder).state_dict()
    with torch.no_grad():
        for name, tensor in own.items():
            places[names[name]].data.copy_(tensor)
    with new_folder(folder) as made, quiet():
        if source is not None:
            copy_small_files(source, made)
        whole.save_pretrained(made)


def transformers_names(encoder: Any) -> dict[str, str]:
    """Return, by name of a tensor of `encoder`, its name in what ``AutoModel`` reads; no number is made."""
    cls = type(encoder)
    with torch.device("meta"), torch.random.fork_rng(devices=()):
        whole = random_model(encoder.config, _auto_class(), attention=cls.attention)
        names = {id(tensor): name for name, tensor in whole.state_dict(keep_vars=True).items()}
        part = cls.part_of(whole)
        prefix = next((f"{name}." for name, module in whole.named_modules() if module is part and name), "")
        outline = cls(part, type(encoder.origin)(options=encoder.origin.options))
    found = {name: names.get(id(tensor)) for name, tensor in outline.state_dict(keep_vars=True).items()}
    return {name: full or prefix + cls.renamed[name] for name, full in found.items()}


def copy_small_files(source: Path, target: Path) -> None:
    """Copy the small files of a model: what describes it, without weights and without code."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        small = path.suffix in SMALL_FILES and not path.name.endswith(".index.json") and path.name not in UNREAD
        if path.is_file() and small:
            shutil.copyfile(path, target / path.name)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder beside `folder` to write into, which takes its name when all is written.

    Raises:
        OutputExistsError: There is something in `folder`.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise OutputExistsError("the folder for the encoder is not empty", got=folder, fix="name a new one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
    made.mkdir()
    try:
        yield made
        _readable(made)
        made.replace(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _readable(folder: Path) -> None:
    """Give files the mode that the user's umask asks for: safetensors lets the owner alone read its own."""
    probe = folder / ".mode"
    probe.touch()
    mode = probe.stat().st_mode & 0o777
    probe.unlink()
    for path in folder.iterdir():
        path.chmod(mode)


def _whole_model(encoder: Any, kept: bool) -> Any:
    """Return the whole Transformers model, read where its weights are at hand, else drawn; nothing moves with it."""
    folder = encoder.origin.folder
    config = encoder.config if folder is None else _config_of(folder)
    if kept:
        return read_model(folder, config, _auto_class(), trust_remote_code=False)[0]
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return random_model(config, _auto_class())


def merged(encoder: Any) -> Any:
    """Return `encoder`, or a copy with its adapter merged: the one that trains on keeps its own."""
    if not encoder.adapter_parameters:
        return encoder
    twin = copy.deepcopy(encoder)
    merge_adapter(twin)
    return twin


def _config_of(folder: Path) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _auto_class() -> Any:
    from transformers import AutoModel

    return AutoModel
