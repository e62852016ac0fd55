"""Look-up by short name and id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modaxfer.errors import MOST_NAMES, AmbiguousNameError, ConfigError, UnknownNameError
from modaxfer.registry import PluginRecord, Registry, Stage, State, hook_manager
from modaxfer.spec import TEXT, CheckpointSpec, EncoderSpec, StrategySpec


def encoder(name):
    return EncoderSpec(name=name, target="a:b", inputs=(TEXT,))


def checkpoint(name, encoder, **source):
    return CheckpointSpec(name=name, encoder=encoder, **source or {"hub_id": "x/y"})


@pytest.fixture
def made(register):
    return register(
        modaxfer={"encoders": [encoder("bert"), encoder("vit")]},
        legal={
            "encoders": [encoder("bert"), encoder("court.v2")],
            "strategies": [StrategySpec(name="vit", target="a:b")],
        },
    )


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("vit", "modaxfer/vit"),
        ("modaxfer/vit", "modaxfer/vit"),
        ("court.v2", "legal/court.v2"),
        ("legal/bert", "legal/bert"),
        ("modaxfer/bert", "modaxfer/bert"),
    ],
)
def test_names_that_stand_for_one_thing(made, name, id_):
    entry = made.get("encoder", name)
    assert (entry.id, entry.kind) == (id_, "encoder")


def test_an_ambiguous_short_name(made):
    with pytest.raises(
        AmbiguousNameError, match=r"Allowed: legal/bert, modaxfer/bert. Fix: write the full id"
    ) as caught:
        made.get("encoder", "bert")
    assert caught.value.candidates == ["legal/bert", "modaxfer/bert"]


def test_an_unknown_name_lists_what_can_be_typed(made):
    with pytest.raises(UnknownNameError) as caught:
        made.get("encoder", "vitt")
    assert str(caught.value) == (
        "unknown encoder. Got: vitt. Allowed: court.v2, legal/bert, modaxfer/bert, vit. "
        "Fix: did you mean vit? `modaxfer list encoders` shows all."
    )
    assert caught.value.candidates == ["vit"]


def test_an_unknown_name_that_is_like_nothing(made):
    with pytest.raises(UnknownNameError, match=r"Fix: `modaxfer list strategies` shows all"):
        made.get("strategy", "zzz")


def test_a_name_of_a_plugin_that_is_not_installed_says_so(made):
    with pytest.raises(UnknownNameError, match="Fix: the plugin acme is not installed here: install its package"):
        made.get("encoder", "acme/bert")
    with pytest.raises(UnknownNameError, match="did you mean legal/bert"):
        made.get("encoder", "legl/bert")


def test_close_matches_do_not_mind_capitals(made):
    with pytest.raises(UnknownNameError, match=r"did you mean vit\?"):
        made.get("encoder", "ViT")


@pytest.mark.parametrize("name", ["vit,court.v2", "vit, court.v2", "vit+court.v2"])
def test_several_names_in_one_are_taken_apart(made, name):
    with pytest.raises(UnknownNameError, match=r"Fix: name vit and court.v2 one by one, each after a flag of its own"):
        made.get("encoder", name)
    with pytest.raises(UnknownNameError, match=r"`modaxfer list encoders` shows all"):
        made.get("encoder", f"{name},nothing")


@pytest.mark.parametrize("name", ["", "/", "vit/", "legal/vit", "modaxfer", "/vit"])
def test_names_that_stand_for_nothing(made, name):
    with pytest.raises(UnknownNameError, match=r"unknown encoder"):
        made.get("encoder", name)


def test_a_name_from_a_plugin_that_is_not_loaded_says_why():
    lost = PluginRecord(
        namespace="lost",
        distribution="lost-plugin",
        version="1.0",
        state=State.BROKEN,
        stage=Stage.IMPORT,
        error="no file",
    )
    made = Registry([lost], [], hook_manager())
    with pytest.raises(UnknownNameError, match=r"Fix: plugin 'lost' \(lost-plugin 1.0\) is broken at import: no file"):
        made.get("task", "lost/thing")
    with pytest.raises(UnknownNameError, match=r"plugin 'lost' \(lost-plugin 1.0\), broken at import, may br"):
        made.get("task", "thing")
    assert made.failures == ("plugin 'lost' (lost-plugin 1.0) is broken at import: no file",)
    assert Registry([replace(lost, state=State.DISABLED, error="")], [], hook_manager()).failures == ()


def test_kinds(made):
    assert [entry.id for entry in made.all("encoder")] == [
        "modaxfer/bert",
        "modaxfer/vit",
        "legal/bert",
        "legal/court.v2",
    ]
    assert made.all("report") == ()
    with pytest.raises(ConfigError, match=r"unknown kind. Got: encoders. Allowed: encoder, checkpoint"):
        made.all("encoders")


def test_find_looks_through_all_kinds(made):
    assert [(entry.kind, entry.id) for entry in made.find("vit")] == [
        ("encoder", "modaxfer/vit"),
        ("strategy", "legal/vit"),
    ]
    assert [entry.id for entry in made.find("bert")] == ["modaxfer/bert", "legal/bert"]
    assert made.find("nothing") == ()


def test_shown_names_are_short_where_unique(made):
    assert [made.shown(entry) for entry in made.all("encoder")] == ["modaxfer/bert", "vit", "legal/bert", "court.v2"]


def test_checkpoints_find_their_encoder(register):
    weights = [
        checkpoint("hub", "vit"),
        checkpoint("here", "modaxfer/vit", target="a:b"),
        checkpoint("other", "court"),
        checkpoint("orphan", "gone"),
        checkpoint("unclear", "bert"),
    ]
    made = register(
        modaxfer={"encoders": [encoder("bert"), encoder("vit")]},
        legal={"encoders": [encoder("bert"), encoder("court")], "checkpoints": [checkpoint("own", "bert")]},
        more={"checkpoints": weights},
    )
    found = {entry.name: made.encoder_of(entry) for entry in made.all("checkpoint")}
    assert {name: entry and entry.id for name, entry in found.items()} == {
        "own": "legal/bert",
        "hub": "modaxfer/vit",
        "here": "modaxfer/vit",
        "other": "legal/court",
        "orphan": None,
        "unclear": None,
    }
    assert [entry.name for entry in made.checkpoints(made.get("encoder", "vit"))] == ["here", "hub"]
    assert made.notices == (
        "checkpoint more/orphan is for the encoder 'gone', which is unknown or ambiguous",
        "checkpoint more/unclear is for the encoder 'bert', which is unknown or ambiguous",
    )


def test_very_many_names_are_counted_and_not_listed():
    known = [f"task-{number}" for number in range(MOST_NAMES + 1)]
    assert "Allowed: task-0, task-1, " in str(UnknownNameError("task", "tusk-7", known[:-1]))
    assert str(UnknownNameError("task", "tusk-7", known)) == (
        f"unknown task. Got: tusk-7. Allowed: one of {MOST_NAMES + 1} tasks. "
        "Fix: did you mean task-7 or task-27 or task-17? `modaxfer list tasks` shows all."
    )
