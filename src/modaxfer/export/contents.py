"""What may leave this machine: the files, by name, of an export, a pretraining or a packed encoder; no others."""

from __future__ import annotations

import re
from pathlib import Path

from modaxfer.encoders.pretraining_record import RECORD
from modaxfer.errors import RefusedError
from modaxfer.json_file import read_json
from modaxfer.local_paths import absolute_paths

__all__ = ["LEFT", "product_files"]

CARD = "README.md"

LEFT = ("log.jsonl", ".lock")
"""What a pretraining leaves beside its product: stays here, which is told."""

_RUN = ("result.json", "config.yaml")
"""Files of a run, which keeps rows, predictions and reports."""

_SMALL = (
    r"(config|generation_config|preprocessor_config|processor_config|tokenizer|tokenizer_config|special_tokens_map"
    r"|added_tokens|vocab|normalizer|unigram)\.json|(vocab|merges)\.txt|chat_template\.jinja|font\.ttf"
    r"|(sentencepiece\.bpe|sentencepiece|spiece|tokenizer)\.model"
)
_WEIGHTS = r"model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json"
_RECORD = re.escape(RECORD)
"""Of an encoder that was pretrained here it goes along wherever the encoder, or what reads for it, goes."""

_OWN = (
    rf"README\.md|{_RECORD}|seen\.safetensors|(export|pipeline|adapter_config)\.json|pipeline\.py"
    r"|(head|adapter_model)\.safetensors|model(\.int8)?\.onnx(\.data)?"
)
PRODUCT = re.compile(
    rf"({_OWN}|{_WEIGHTS}|{_SMALL})|encoder/({_WEIGHTS}|{_SMALL}|{_RECORD})|processor/({_SMALL}|{_RECORD})"
)
"""Paths of a product's files, from its folder."""

COMPILED = re.compile(r"(^|/)__pycache__/[^/]+\.pyc$")
"""What Python leaves where ``pipeline.py`` was imported: it is made again wherever that is done."""

SPOKEN = re.compile(rf"(.*/)?(README\.md|{_RECORD}|[a-z_]*config\.json|(export|pipeline)\.json)")
"""Files in which paths may stand; vocabularies have entries that look like some."""

MODELS = re.compile(r"(encoder/)?model.*\.safetensors|adapter_model\.safetensors|model.*\.onnx")


def product_files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the paths, from `folder`, of what is sent, and of what stays here.

    Raises:
        RefusedError: It is no folder, a run's, without card or weights, holds what is not part of the product, or
            names folders of this machine.
    """
    if not folder.is_dir():
        raise RefusedError("there is no such folder", got=folder, fix="name one that export or pretrain wrote")
    if any((folder / name).exists() for name in _RUN):
        raise RefusedError(
            "this is a run's folder, which holds rows of its data as well", got=folder,
            fix=f"`modaxfer export {folder} --to transformers` writes what can be pushed",
        )  # fmt: skip
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_file(path))
    found = [name for name in found if not COMPILED.search(name)]
    foreign = [name for name in found if name not in LEFT and not PRODUCT.fullmatch(name)]
    foreign += [name for name in found if (folder / name).is_symlink() and name not in foreign]
    if foreign:
        raise RefusedError(
            "there are files that are not part of what was made", got=foreign[:10],
            allowed="weights, configs, tokenizer, card, pipeline.py", fix="move them out of the folder",
        )  # fmt: skip
    sent = [name for name in found if name not in LEFT]
    _refuse_parts(folder, sent)
    _refuse_paths(folder, sent)
    return sent, [name for name in found if name in LEFT]


def _is_file(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _refuse_parts(folder: Path, sent: list[str]) -> None:
    """Refuse a folder that nobody could use, or know what it is."""
    if not any(MODELS.fullmatch(name) for name in sent):
        raise RefusedError(
            "there are no weights in the folder", got=folder, fix="name one that export or pretrain wrote"
        )
    if CARD not in sent or not (folder / CARD).read_text(encoding="utf-8").startswith("---\n"):
        raise RefusedError(
            f"the folder has no model card: {CARD} that starts with front matter, ---", got=folder,
            fix="export or pretrain write one; say in it what the model is, was trained on, and its licence",
        )  # fmt: skip
    if "adapter_config.json" in sent:
        base = str(read_json(folder / "adapter_config.json").get("base_model_name_or_path"))
        if Path(base).is_absolute() or Path(base).exists():
            raise RefusedError(
                "the adapter stands on a folder of this machine, which nobody else has", got=base,
                fix="export the run --to transformers: adapter and base are one there",
            )  # fmt: skip


def _refuse_paths(folder: Path, sent: list[str]) -> None:
    """Refuse files that tell how folders of this machine are called: whose it is, what else is worked on there."""
    spoken = [name for name in sent if SPOKEN.fullmatch(name)]
    found = {name: absolute_paths((folder / name).read_text(encoding="utf-8")) for name in spoken}
    here = [f"{name}: {path}" for name, paths in found.items() for path in paths if _is_here(path)]
    if here:
        raise RefusedError(
            "files name folders of this machine, which would be published", got=list(dict.fromkeys(here))[:10],
            fix="export or pretrain again, which leaves folders out, or write the names alone",
        )  # fmt: skip


def _is_here(path: str) -> bool:
    return Path(path).expanduser().parent.is_dir()
