"""Forms that Transformers and PEFT read: one class for classification, an encoder with its head, an adapter."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modaxfer.encoders.adapter_state import NAME, adapter_state
from modaxfer.encoders.saving import copy_small_files, save_encoder, transformers_names
from modaxfer.encoders.silence import quiet
from modaxfer.encoders.stored import TENSORS
from modaxfer.errors import RefusedError
from modaxfer.export.fits import AUTO, Fit, fit_of, linear_of
from modaxfer.export.script import pipeline_script
from modaxfer.runner.tensors import write_tensors

if TYPE_CHECKING:
    from modaxfer.export.subject import Subject

__all__ = ["write_adapter", "write_encoder", "write_pipeline", "write_transformers"]

PLAIN = ("code", "linear", "nearest", "reduced", "scaled")
"""Heads that ``pipeline.py`` computes."""

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A revision of the hub; that of a package is its version."""

PROCESSOR = "processor"
"""Folder of the tokenizer or feature extractor, where the form's own root is not the place."""


def write_transformers(subject: Subject, folder: Path) -> list[str]:
    """Write a folder of one class for classification where the head fits it, else as `write_encoder`; say which."""
    fit, why = fit_of(subject)
    if fit is None:
        return [f"written as an encoder with a head beside it: {why}", *write_encoder(subject, folder)]
    _write_classifier(subject, folder, fit)
    return [f"{AUTO[subject.kind]}.from_pretrained reads it; it says the likeliest class of calibrated scores"]


def write_encoder(subject: Subject, folder: Path) -> list[str]:
    """Write ``encoder/``, which ``AutoModel`` reads, the head's tensors, and ``pipeline.py``, which has its formula.

    Raises:
        RefusedError: The head has no plain form, or the encoder cannot be written.
    """
    _refuse_head(subject)
    save_encoder(subject.encoder, folder / "encoder")
    write_tensors(subject.predictor.model.head.state_dict(), folder / "head.safetensors")
    write_pipeline(subject, folder, "encoder", {**_reading(subject), "processor": "encoder"})
    return []


def write_adapter(subject: Subject, folder: Path) -> list[str]:
    """Write what peft reads, by the names that ``AutoModel`` has for the layers, and the head.

    Raises:
        RefusedError: The run has no adapter that peft can tell, or moved weights of the base as well.
    """
    _refuse_head(subject)
    config = getattr(subject.encoder.layers, "peft_config", {}).get(NAME)
    if config is None:
        method = None if subject.tower.adapter is None else subject.tower.adapter.method
        fix = "export it --to transformers, or train with strategy lora"
        raise RefusedError("the run has no adapter that peft attaches", got=method or "none", fix=fix)
    base, revision = _base(subject)
    modules, tensors = _renamed(subject)
    config = copy.deepcopy(config)
    config.base_model_name_or_path, config.revision = base, revision
    config.target_modules, config.inference_mode = sorted(modules), True
    config.save_pretrained(folder)
    write_tensors(tensors, folder / "adapter_model.safetensors")
    write_tensors(subject.predictor.model.head.state_dict(), folder / "head.safetensors")
    copy_small_files(subject.encoder.source_folder(), folder / PROCESSOR)
    told = {**_reading(subject), "processor": PROCESSOR, "base": base, "revision": revision}
    write_pipeline(subject, folder, "encoder", told)
    return [f"PeftModel.from_pretrained reads it over {base}"]


def write_pipeline(subject: Subject, folder: Path, model: str, told: Mapping[str, Any], **ways: bool) -> None:
    """Write ``pipeline.py`` and what it reads, ``pipeline.json``.

    Args:
        subject: The run.
        folder: Where the form lies.
        model: Which part of `modaxfer.export.carried` has the model.
        told: What that part reads.
        **ways: ``divided``: outputs are divided by the temperature already; ``inside``: pixels are scaled inside.
    """
    divided, inside = ways.get("divided", False), ways.get("inside", False)
    told = {**subject.answers(divided=divided), "input": subject.inputs(scaled=not inside), **told}
    if subject.kind == "drawn":
        (folder / str(told["processor"]) / "font.ttf").write_bytes(subject.drawing[1])
    (folder / "pipeline.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    (folder / "pipeline.py").write_text(pipeline_script(subject.kind, model), encoding="utf-8")


def _write_classifier(subject: Subject, folder: Path, fit: Fit) -> None:
    import transformers

    save_encoder(subject.encoder, folder / "encoder")
    linear = linear_of(subject)
    assert linear is not None, "it fits"
    with quiet():
        auto = getattr(transformers, AUTO[subject.kind])
        model = auto.from_pretrained(folder / "encoder", **_labels(subject))
    fit(model, linear)
    if subject.kind == "image":
        _resize(model, int(subject.inputs()["size"]))
    copy_small_files(folder / "encoder", folder)
    with quiet():
        model.eval().save_pretrained(folder)
    _write_processor(subject, folder)
    for path in (folder / "encoder").iterdir():
        path.unlink()
    (folder / "encoder").rmdir()
    told: dict[str, Any] = {"model_class": AUTO[subject.kind], "processor": "."}
    if subject.answers()["kind"] == "square":
        told |= {"mean": 0.0, "deviation": 1.0}
    write_pipeline(subject, folder, "classifier", told, divided=True)


def _resize(model: Any, size: int) -> None:
    """Let a ViT take pictures of `size` pixels, to which the run scaled them: its table of places is interpolated."""
    embeddings, config = model.base_model.embeddings, model.config
    if size == config.image_size:
        return
    patches = (size // config.patch_size) ** 2
    with torch.no_grad():
        table = embeddings.interpolate_pos_encoding(torch.empty(1, patches + 1, config.hidden_size), size, size)
    embeddings.position_embeddings = nn.Parameter(table.clone())
    embeddings.image_size = embeddings.patch_embeddings.image_size = (size, size)
    embeddings.patch_embeddings.num_patches, config.image_size = patches, size


def _labels(subject: Subject) -> dict[str, Any]:
    classes, kind = subject.described.classes, subject.answers()["kind"]
    problems = {
        "softmax": "single_label_classification",
        "sigmoid": "multi_label_classification",
        "square": "regression",
    }
    names = dict(enumerate(classes or ("value",)))
    made: dict[str, Any] = {"problem_type": problems[kind], "id2label": names}
    made["label2id"] = {name: place for place, name in names.items()}
    if hasattr(subject.encoder.config, "classifier_proj_size"):
        made["classifier_proj_size"] = subject.encoder.hidden_size
    return made


def _write_processor(subject: Subject, folder: Path) -> None:
    """Let Transformers' own processor do what the run's did: whole pictures as squares, texts of the same length."""
    if subject.kind == "image":
        from transformers import AutoImageProcessor

        with quiet():
            processor: Any = AutoImageProcessor.from_pretrained(folder)
            size = subject.inputs()["size"]
            processor.size, processor.do_resize, processor.do_center_crop = {"height": size, "width": size}, True, False
            processor.save_pretrained(folder)
    if subject.kind == "text":
        tokenizer = copy.deepcopy(subject.predictor.processor.tokenizer)  # type: ignore[attr-defined]
        tokenizer.model_max_length = subject.inputs()["max_tokens"]
        tokenizer.save_pretrained(folder)


def _reading(subject: Subject) -> dict[str, Any]:
    """Return where the head reads, and what it is."""
    readout = subject.tower.readout
    how = {"layers": list(readout.layers), "weights": list(readout.weights), "pooling": readout.pooling}
    return {"readout": how, "head": subject.described.head}


def _refuse_head(subject: Subject) -> None:
    kind = str(subject.described.head["kind"])
    if kind.partition("/")[2] not in PLAIN:
        raise RefusedError("this head has no plain form", got=kind, allowed=PLAIN, fix="export it --to onnx")


def _base(subject: Subject) -> tuple[str, str | None]:
    """Return the model that the adapter stands on: the id of the hub with its revision, or a folder.

    Raises:
        RefusedError: It is not as its authors published it.
    """
    resolved = subject.tower.encoder
    stored = resolved.stored
    assert stored is not None, "it was read from a run"
    moved = (stored.folder / TENSORS).is_file()
    if moved or resolved.base is None or resolved.base.stored is not None:
        raise RefusedError(
            "an adapter folder holds an adapter alone, and the run has more",
            got="weights of the base that training moved" if moved else "a base that is a run's, or random",
            fix="export it --to transformers: adapter and base are one there",
        )
    if COMMIT.fullmatch(stored.revision or ""):
        return stored.checkpoint, stored.revision
    return str(subject.encoder.source_folder()), None  # Of a package too, whose ids no hub knows.


def _renamed(subject: Subject) -> tuple[set[str], dict[str, Any]]:
    """Return the adapted modules and the adapter's tensors by the names that peft has for them over ``AutoModel``."""
    names = transformers_names(subject.encoder)
    found: dict[str, Any] = {}
    modules: set[str] = set()
    for name, tensor in adapter_state(subject.encoder).items():
        own = name.removeprefix("base_model.model.")
        parts = own.split(".")
        place = next(count for count in range(len(parts), 0, -1) if f"layers.{'.'.join(parts[:count])}.weight" in names)
        whole = names[f"layers.{'.'.join(parts[:place])}.weight"].removesuffix(".weight")
        modules.add(whole)
        found[".".join(["base_model.model", whole, *parts[place:]])] = tensor
    return modules, found
