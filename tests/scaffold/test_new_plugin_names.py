"""What a new plugin can be called, what it can bring, and what is said where it cannot."""

from __future__ import annotations

import pytest

from modaxfer.errors import ConfigError
from modaxfer.registry.names import is_short_name
from modaxfer.scaffold import DEFAULT, EXAMPLES, PluginName, chosen, refuse_taken


@pytest.mark.parametrize("name", ["leaves", "field-notes", "eu.law", "x_1", "3d"])
def test_a_name_makes_a_namespace_a_distribution_and_a_package(name):
    made = PluginName.of(name)
    assert is_short_name(made.namespace)
    assert made.distribution.startswith("modaxfer-")
    assert made.package.isidentifier()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Leaves", "did you mean leaves?"),
        ("my leaves", "did you mean my-leaves?"),
        ("modaxfer-leaves", "did you mean leaves?"),
        ("FieldNotes", "did you mean field-notes?"),
        ("leaves/", "did you mean leaves?"),
        ("a--b", "did you mean a-b?"),
        ("../leaves", "did you mean leaves?"),
        ("", "name your domain in a word or two"),
        ("草", "name your domain in a word or two"),
        ("x" * 41, "at most 40 signs"),
    ],
)
def test_a_name_that_will_not_do_is_told_with_one_that_would(name, meant):
    with pytest.raises(ConfigError, match="this cannot be a plugin's namespace") as refused:
        PluginName.of(name)
    assert meant in str(refused.value)


@pytest.mark.parametrize("name", ["modaxfer", "Modaxfer"])
def test_the_frameworks_own_namespace_is_refused(name):
    with pytest.raises(ConfigError, match="belongs to the framework itself"):
        PluginName.of(name)


@pytest.mark.parametrize(("name", "taken"), [("legal", "the namespace legal"), ("language.vision", "the distribution")])
def test_a_taken_name_is_told_with_who_has_it(name, taken):
    with pytest.raises(ConfigError, match=f"{taken}.* is taken by an installed plugin. Got: modaxfer-l"):
        refuse_taken(PluginName.of(name))
    refuse_taken(PluginName.of("leaves"))


def test_kinds_are_chosen_by_name_plural_and_all():
    assert [example.kind for example in chosen(())] == [*DEFAULT]
    assert [example.kind for example in chosen(("metrics,Task", "strategies"))] == ["task", "strategy", "metric"]
    assert [example.kind for example in chosen(("all",))] == [*EXAMPLES]


def test_an_unknown_kind_is_told_with_what_was_meant():
    with pytest.raises(ConfigError, match=r"no example of this kind. Got: metrik.*did you mean metric\?"):
        chosen(("task,metrik",))
