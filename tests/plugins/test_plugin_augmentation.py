"""Augmentations of a plugin's own: of a row and of a batch, made by workers, forbidden, and named where they fail."""

from __future__ import annotations

import json
import re

import pytest

PLUGIN = """
from modaxfer import hookimpl
from modaxfer.spec import AugmentationSpec, Change

MODAXFER_API = 0

ROOM = "erase_plugin.changes:"

@hookimpl
def modaxfer_augmentations():
    return (
        AugmentationSpec(
            name="erase", signal="image", target=ROOM + "erase", changes=(Change.CROP,), strength=0.25,
            meaning="share of a side that is blotted out",
        ),
        AugmentationSpec(name="halve", signal="image", target=ROOM + "halve", level="batch", needs=("image",)),
        AugmentationSpec(name="torn", signal="image", target=ROOM + "torn"),
    )
"""

CHANGES = """
from modaxfer.contracts import Mixed

def erase(image, strength, generator):
    wide, high = round(strength * image.width), round(strength * image.height)
    left, top = generator.integers(image.width - wide + 1), generator.integers(image.height - high + 1)
    erased = image.copy()
    erased.paste((127, 127, 127), (int(left), int(top), int(left) + wide, int(top) + high))
    return erased

def halve(own, partner, strength, generator):
    pixels = own["pixel_values"].clone()
    middle = pixels.shape[-1] // 2
    pixels[..., middle:] = partner["pixel_values"][..., middle:]
    return Mixed(inputs={**own, "pixel_values": pixels}, share=0.5)

def torn(image, strength, generator):
    raise ValueError("a page is missing")
"""

USE = """
import json, sys
import modaxfer
folder, data, output = sys.argv[1:]
request = {"encoder": folder, "data": data, "image": "image", "label": "label", "quiet": True, "device": "cpu"}
request |= {"strategy": "full", "epochs": 1, "batch_size": 8}
run = modaxfer.train(augment=["erase=0.5", "halve"], set={"workers": 1}, output=output, **request)
told = {"status": run.result.status, "named": run.result.training["phases"][0]["augment"]}
told["told"] = "erase=0.5" in open(output + "/README.md").read()
for names in ("erase=2", "torn"):
    try:
        modaxfer.train(augment=names, output=output + "-no", **request)
    except modaxfer.ModaxferError as error:
        told[names] = str(error)
print(json.dumps(told))
"""


@pytest.mark.slow
def test_it_changes_rows_and_batches_in_workers_too_and_is_named_where_it_fails(site, tiny, own_rows, tmp_path):
    site.add("erase", PLUGIN, changes=CHANGES)
    data, output = own_rows("image")["data"], tmp_path / "run"
    done = site.warm_python(
        USE, str(tiny("vit")), data, str(output), pages=True, MODAXFER_CACHE=str(tmp_path / "cache")
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == "completed"
    assert told["named"] == ["erase=0.5", "halve=1"]
    assert told["told"]
    assert told["erase=2"].startswith("augmentation erase cannot have this strength (share of a side that is blotted")
    assert re.search(r"augmentation \S+/torn failed \(plugin .*Got: ValueError: a page is missing", told["torn"])
