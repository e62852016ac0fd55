"""``modaxfer show ENCODER --task TASK``: the bridge of a cell and the reason for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from modaxfer.cli import listing, ways
from modaxfer.encoders import choice
from modaxfer.errors import ConfigError, UnknownNameError
from modaxfer.hooks import hookimpl
from modaxfer.registry import Entry, PluginRecord, Registry, hook_manager, registry
from modaxfer.runner.request import request
from modaxfer.spec import (
    AUDIO,
    IMAGE,
    TABLE,
    TEXT,
    BridgeSpec,
    EncoderSpec,
    Field,
    FolderSource,
    Signal,
    Target,
    TaskSpec,
)

TASKS = {
    "claims": (Field(name="claim", signal=TEXT),),
    "rows": (),
    "pairs": (Field(name="photo", signal=IMAGE), Field(name="caption", signal=TEXT)),
    "views": (Field(name="left", signal=IMAGE), Field(name="right", signal=IMAGE)),
    "clips": (Field(name="clip", signal=AUDIO),),
    "loans": (Field(name="age", signal=TABLE, unit="years"), Field(name="note", signal=TEXT)),
    "scans": (Field(name="scan", signal=Signal(kind="volume")),),
    "maps": (Field(name="map", signal=Signal(kind="terrain")),),
}


class Cartographer:
    @hookimpl
    def modaxfer_pick_bridge(self, source, sink):
        return "plot" if (source, sink) == ("terrain", "image") else None


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """Stand in for what is installed: the framework's own encoders and bridges, and a plugin with tasks and bridges."""
    own = [entry for kind in ("encoder", "bridge") for entry in registry().all(kind) if entry.plugin == "modaxfer"]
    tasks = [
        TaskSpec(name=name, fields=fields, target=Target(), sources=(FolderSource(name=name),))
        for name, fields in TASKS.items()
    ]
    bridges = [
        BridgeSpec(name=name, source=source, sink="image", target="a:b")
        for name, source in (("slice", "volume"), ("plot", "terrain"), ("shade", "terrain"))
    ]
    brought = [Entry(kind="task", plugin="lab", spec=spec) for spec in tasks]
    brought += [Entry(kind="bridge", plugin="lab", spec=spec) for spec in bridges]
    brought.append(Entry(kind="encoder", plugin="lab", spec=EncoderSpec(name="nose", target="a:b", inputs=(TABLE,))))
    manager = hook_manager()
    manager.register(__import__("modaxfer.registry.builtin", fromlist=["builtin"]), name="modaxfer")
    manager.register(Cartographer(), name="lab")
    stand_in = Registry([PluginRecord(namespace="modaxfer"), PluginRecord(namespace="lab")], own + brought, manager)
    for module in (listing, ways, request, choice):
        monkeypatch.setattr(module, "registry", lambda: stand_in)


def show(*arguments):
    return CliRunner().invoke(listing.show_command, arguments, catch_exceptions=False).output


def way(encoder, task):
    return json.loads(show(encoder, "--task", task, "--json"))


@pytest.mark.parametrize(
    ("encoder", "task", "source", "bridge", "sink", "why"),
    [
        ("vit", "claims", "text", "render", "patches", "default for text to patches"),
        ("bert", "claims", "text", "native-text", "text", "default for text to text"),
        ("bert", "rows", "table", "serialise", "text", "default for table to text"),
        ("bert", "loans", "table+text", "serialise", "text", "default for table+text to text"),
        ("vit", "rows", "table", "grid", "image", "default for table to image"),
        ("vit", "clips", "audio", "spectrogram", "image", "default for audio to image"),
        ("vit", "pairs", "image+text", "montage", "image", "default for image+text to image"),
        ("vit", "views", "image+image", "montage", "image", "default for image+image to image"),
        ("wav2vec2", "claims", "text", "embed", "embeddings", "default for text to embeddings"),
        ("vit", "scans", "volume", "slice", "image", "the only one that leads from volume to image"),
        ("vit", "maps", "terrain", "plot", "image", "named by the plugin lab for terrain to image"),
    ],
)
def test_the_bridge_and_the_reason(encoder, task, source, bridge, sink, why):
    found = way(encoder, task)
    assert (found["source"], found["bridge"], found["sink"], found["why"]) == (source, bridge, sink, why)
    assert found["trained"].startswith("yes" if bridge == "embed" else "no")
    assert "refused" not in found


def test_another_bridge_than_the_default_was_asked_for():
    embed, render = (ways.registry().get("bridge", name) for name in ("embed", "render"))
    assert request.reason_of(TASKS["claims"], render) == "default for text to patches"
    assert request.pick_way(TASKS["claims"], ways.registry().get("encoder", "vit"), "embed") == embed
    assert request.reason_of(TASKS["claims"], replace(embed, plugin="lab")) == "asked for"


def test_a_refusal_says_why():
    found = way("nose", "claims")
    assert found["refused"].startswith("no bridge leads from text to what the encoder nose takes. Got: text task")
    assert "bridge" not in found
    assert "refused  no bridge leads" in show("nose", "--task", "claims")


def test_the_way_is_printed_a_line_per_fact():
    lines = show("vit", "--task", "claims").splitlines()
    assert lines[0] == "modaxfer/vit on lab/claims"
    assert dict(line.split(maxsplit=1) for line in lines[1:]) == {
        "fields": "claim (text)",
        "source": "text",
        "takes": "image, patches, embeddings",
        "bridge": "render",
        "sink": "patches",
        "trained": "no",
        "why": "default for text to patches",
        "summary": "Text drawn as a strip of patches (PIXEL, Rust et al. 2023).",
    }


@pytest.mark.parametrize(
    "arguments",
    [("encoder:vit", "--task", "claims"), ("claims", "--encoder", "vit"), ("task:lab/claims", "--encoder", "vit:base")],
)
def test_either_end_may_be_named_first(arguments):
    assert show(*arguments) == show("vit", "--task", "claims")


def test_an_encoder_may_be_a_folder(tiny):
    folder = tiny("vit")
    found = way(str(folder), "claims")
    assert found["encoder"] == f"modaxfer/vit ({folder})"
    assert found["bridge"] == "render"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vat", "--task", "claims"), r"unknown encoder. Got: vat.*did you mean vit\?"),
        (("claims", "--task", "claims"), "unknown encoder. Got: claims"),
        (("vit", "--task", "clams"), "unknown task. Got: clams"),
        (("vit", "--encoder", "vit"), "unknown task. Got: vit"),
    ],
)
def test_an_unknown_end_is_named(arguments, message):
    with pytest.raises(UnknownNameError, match=message):
        show(*arguments)


def test_two_other_ends_are_one_too_many():
    with pytest.raises(ConfigError, match=r"--task and --encoder exclude each other. Got: --task claims --encoder vit"):
        show("vit", "--task", "claims", "--encoder", "vit")
