"""Which bridge is taken where the user names none."""

from __future__ import annotations

import pytest

from modaxfer.errors import PluginError
from modaxfer.hooks import hookimpl
from modaxfer.registry import registry
from modaxfer.spec import BridgeSpec


def bridge(name, source="text", sink="image"):
    return BridgeSpec(name=name, source=source, sink=sink, target="a:b")


def choosing(answer, **order):
    @hookimpl(**order)
    def modaxfer_pick_bridge(source, sink):
        return answer

    return modaxfer_pick_bridge


def test_the_only_bridge_is_taken(register):
    made = register(one={"bridges": [bridge("only"), bridge("back", "image", "text")]})
    assert made.pick_bridge("text", "image").id == "one/only"
    assert made.pick_bridge("audio", "image") is None


def test_between_two_bridges_nobody_chooses(register):
    made = register(one={"bridges": [bridge("first"), bridge("second")]})
    assert made.pick_bridge("text", "image") is None


@pytest.mark.parametrize("answer", ["second", "one/second"])
def test_a_plugin_may_choose(register, answer):
    made = register(one={"bridges": [bridge("first"), bridge("second")]}, two={"pick": choosing(answer)})
    assert made.pick_bridge("text", "image").id == "one/second"


def test_a_plugin_without_an_opinion_leaves_it_to_others(register):
    made = register(
        one={"bridges": [bridge("first"), bridge("second")], "pick": choosing("first")}, two={"pick": choosing(None)}
    )
    assert made.pick_bridge("text", "image").id == "one/first"


def test_a_hook_may_ask_for_fewer_arguments(register):
    def modaxfer_pick_bridge(sink, /):
        return {"image": "second"}.get(sink)

    made = register(one={"bridges": [bridge("first"), bridge("second")], "pick": modaxfer_pick_bridge})
    assert made.pick_bridge("text", "image").id == "one/second"
    assert made.pick_bridge("text", "audio") is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            "thrid",
            "plugin 'two' was asked for a bridge from text to image and named none. Got: thrid. Allowed: one/first.",
        ),
        (7, "plugin 'two' was asked for a bridge from text to image and named none. Got: 7"),
        (
            "back",
            "plugin 'two' was asked for a bridge from text to image and named another. Got: one/back. Allowed: one/f",
        ),
    ],
)
def test_a_wrong_choice_names_the_plugin(register, answer, message):
    made = register(one={"bridges": [bridge("first"), bridge("back", "image", "text")]}, two={"pick": choosing(answer)})
    with pytest.raises(PluginError, match=message) as caught:
        made.pick_bridge("text", "image")
    assert "Fix: name one with --bridge" in str(caught.value)


def test_a_choice_that_raises_names_the_plugin(register):
    def modaxfer_pick_bridge(source, sink):
        raise KeyError(sink)

    made = register(two={"pick": modaxfer_pick_bridge})
    with pytest.raises(PluginError, match=r"plugin 'two' was asked .* and failed. Got: KeyError: 'image'"):
        made.pick_bridge("text", "image")


def test_the_frameworks_choices_are_bridges_that_fit():
    for source, sink in [("text", "text"), ("image", "image"), ("audio", "audio"), ("text", "patches")]:
        spec = registry().pick_bridge(source, sink).spec
        assert (spec.source, spec.sink) == (source, sink)
