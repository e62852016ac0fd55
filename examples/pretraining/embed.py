"""Put what a recipe has made into plugins/embedded: weights in half precision, tokenizer or preprocessor, and a card.

    python examples/pretraining/embed.py RECIPE FOLDER [--into WEIGHTS]

RECIPE is a folder beside this file, FOLDER what its make.sh has written; a checkpoint that is there is replaced.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from modaxfer.encoders import RECORD
from modaxfer.pretraining import card

HERE = Path(__file__).resolve().parent
INTO = HERE.parents[1] / "plugins" / "embedded" / "src" / "modaxfer_embedded" / "weights"

SMALL = (".json", ".txt")
"""Endings of files that are copied."""

MOST_BYTES = 12_000_000

LARGEST = torch.finfo(torch.float16).max

FOLDERS = re.compile(r"(?<![\w.])/?(?:[\w.~-]+/)+(?=[\w.-])")
"""The folders in front of a file's name."""


def half(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return all numbers in half precision.

    Raises:
        SystemExit: One of them does not fit.
    """
    for name, tensor in tensors.items():
        if not tensor.isfinite().all() or tensor.abs().max() > LARGEST:
            raise SystemExit(f"{name} does not fit into half precision: its largest number is {tensor.abs().max():g}")
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def nameless(value: Any) -> Any:
    """Return a record without the folders of the machine where it was made; ids like ``offline/minilm`` stay."""
    if isinstance(value, dict):
        return {key: nameless(each) for key, each in value.items()}
    if isinstance(value, list):
        return [nameless(each) for each in value]
    return FOLDERS.sub("", value) if isinstance(value, str) and value.count("/") > 1 else value


def record_of(folder: Path, recipe: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a product, with its recipe and with the records of the stages that it began from."""
    told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    stages, start = [], folder.parent / told["start"]  # A product names the folder alone, which a recipe puts beside.
    while (start / RECORD).is_file():
        stage = json.loads((start / RECORD).read_text(encoding="utf-8"))
        # What has been embedded holds the stages before it.
        stages = [*stage.pop("stages", ()), {"name": start.name, **stage}, *stages]
        start = start.parent / stage["start"]
    made: dict[str, Any] = nameless({**told, "stages": stages, "recipe": recipe})
    return made


def card_of(told: dict[str, Any]) -> str:
    """Return the model card: what a product's says, and behind it earlier stages, what was seen, and licences."""
    recipe = told["recipe"]
    stages = [
        f"- `{each['name']}`: {each['objective']}, {each['steps']:,} steps of {each['batch_size']} rows, "
        f"{each['seconds']:,.0f} seconds; loss {each['history'][0]['loss']:.3f} to {each['history'][-1]['loss']:.3f}"
        for each in told["stages"]
    ]
    labels, name, licence = ", ".join(recipe["labels"]), recipe["checkpoint"], recipe["licence"]
    sources = [f"| {source} | {terms} |" for source, terms in recipe["sources"]]
    lines = [
        card(told, name).rstrip().replace("---\n", f"---\nlicense: {licence.lower()}\n", 1),
        "",
        *(["## Before it", "", *stages, ""] if stages else []),
        "## Seen", "",
        f"Inputs of the training rows of {', '.join(recipe['tasks']) or 'no task'}"
        + (f", and the labels of {labels} through a teacher" if labels else "")
        + "; of every other task it has seen nothing.", "",
        "## Licences", "",
        f"The weights: {licence}. What they were made from:", "",
        "| source | licence |", "| --- | --- |", *sources, "",
        "Weights are kept in half precision and read in single.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def embed(recipe: Path, folder: Path, into: Path) -> Path:
    """Write the checkpoint of a recipe out of a product; return its folder.

    Raises:
        SystemExit: There is no product, or it is too large.
    """
    if not (folder / RECORD).is_file():
        raise SystemExit(f"{folder} holds no finished pretraining: it has no {RECORD}. Fix: let the recipe end first")
    told = record_of(folder, json.loads((recipe / "recipe.json").read_text(encoding="utf-8")))
    tensors = half(load_file(folder / "model.safetensors"))
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if size > MOST_BYTES:
        raise SystemExit(f"the weights are {size / 1e6:.1f} MB in half precision; at most {MOST_BYTES / 1e6:.0f} fit")
    target = into / told["recipe"]["checkpoint"]
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in SMALL and path.name != RECORD:
            shutil.copyfile(path, target / path.name)
    config = json.loads((target / "config.json").read_text(encoding="utf-8"))
    # Else Transformers would compute in half precision, as the file is.
    config = {key: value for key, value in config.items() if key != "torch_dtype"} | {"dtype": "float32"}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    (target / "model.safetensors").chmod((target / "config.json").stat().st_mode & 0o777)
    (target / RECORD).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (target / "README.md").write_text(card_of(told), encoding="utf-8")
    print(
        f"{target}: {told['parameters'] / 1e6:.2f} M parameters, {size / 1e6:.1f} MB, trained on {told['trained_on']}"
    )
    return target


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", choices=sorted(path.parent.name for path in HERE.glob("*/recipe.json")))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--into", type=Path, default=INTO)
    options = parser.parse_args()
    embed(HERE / options.recipe, options.folder, options.into)
