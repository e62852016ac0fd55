"""Level 0: what pip and an index know of a plugin. Nothing of it is imported for these checks."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from modaxfer.registry import BUILTIN, Stage, State
from modaxfer.spec import API_VERSION
from modaxfer.testing.check import PLUGIN, Level, check, fail, skip
from modaxfer.version import __version__

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_PLACE = "pyproject.toml, [project]"


@check(Level.METADATA, PLUGIN)
def has_a_namespace_of_its_own(subject: Subject) -> None:
    """Its entry point has a valid name, its namespace, that no other distribution claims."""
    plugin = subject.plugin
    if plugin.state in (State.CLASHING, State.MISSING) or (plugin.error and plugin.stage is Stage.DISCOVER):
        fail(
            "the namespace cannot be used",
            got=plugin.error,
            allowed="one name in the group modaxfer of entry points, with a module: legal = 'modaxfer_legal.plugin'",
            fix="give the entry point another name or value, and install the plugin again",
        )


@check(Level.METADATA, PLUGIN)
def names_a_module_that_is_there(subject: Subject) -> None:
    """The package of the module that its entry point names is installed."""
    package = subject.plugin.module.partition(".")[0]
    if not package or find_spec(package) is None:
        fail(
            "the package that the entry point names is not installed",
            got=subject.plugin.module or "no module",
            allowed="a module of a package that the distribution brings",
            fix="name the package under [tool.hatch.build.targets.wheel] packages, or correct the entry point",
        )


@check(Level.METADATA, PLUGIN)
def speaks_this_interface(subject: Subject) -> None:
    """Its module states the interface that this modaxfer speaks: MODAXFER_API."""
    plugin = subject.plugin
    if plugin.stage is Stage.API and plugin.error:
        fail(
            "its interface is not the one that is spoken here",
            got=plugin.error,
            allowed=f"MODAXFER_API = {API_VERSION}",
            fix=f"write it into {plugin.module}",
        )


@check(Level.METADATA, PLUGIN)
def states_a_version(subject: Subject) -> None:
    """Its distribution has a version that others can be compared with (PEP 440)."""
    try:
        Version(subject.plugin.version)
    except InvalidVersion:
        got = subject.plugin.version or "no version"
        fail("the version cannot be read", got=got, allowed='version = "0.1.0"', fix=f"correct it in {_PLACE}")


@check(Level.METADATA, PLUGIN)
def says_what_it_is(subject: Subject) -> None:
    """Its distribution has a summary, which an index shows beside its name."""
    _require(subject, "Summary", f'description = "Tasks of {subject.plugin.namespace} for modaxfer: ..."')


@check(Level.METADATA, PLUGIN)
def states_a_licence(subject: Subject) -> None:
    """Its distribution says under which licence it may be used."""
    metadata = _installed(subject).metadata
    classified = any(line.startswith("License ::") for line in metadata.get_all("Classifier") or ())
    if not (classified or _stated(metadata, "License-Expression") or _stated(metadata, "License")):
        _absent("licence", 'license = "Apache-2.0"')


@check(Level.METADATA, PLUGIN)
def states_its_pythons(subject: Subject) -> None:
    """Its distribution says which Pythons it runs on, and this one is among them."""
    stated = _require(subject, "Requires-Python", 'requires-python = ">=3.11"')
    here = ".".join(map(str, sys.version_info[:3]))
    try:
        fits = SpecifierSet(stated).contains(here, prereleases=True)
    except InvalidSpecifier:
        fits = False
    if not fits:
        fail(f"it does not run on this Python, {here}", got=stated, allowed=">=3.11", fix=f"correct it in {_PLACE}")


@check(Level.METADATA, PLUGIN)
def requires_modaxfer(subject: Subject) -> None:
    """Its distribution depends on modaxfer, in a version that is installed."""
    if subject.plugin.namespace == BUILTIN:
        skip("the framework does not depend on itself")
    asked = [one for one in map(_requirement, _installed(subject).requires or ()) if one and one.name == BUILTIN]
    if not asked:
        _absent("dependency on modaxfer", 'dependencies = ["modaxfer"]')
    if not all(one.specifier.contains(__version__, prereleases=True) for one in asked):
        asks = ", ".join(map(str, asked))
        fail(f"it asks for another modaxfer than this one, {__version__}", got=asks, fix=f"widen it in {_PLACE}")


def _installed(subject: Subject) -> Distribution:
    try:
        return distribution(subject.plugin.distribution)
    except (PackageNotFoundError, ValueError):
        fail(
            "no distribution of this name is installed",
            got=subject.plugin.distribution or "no name",
            fix="install it: pip install -e .",
        )


def _stated(metadata: PackageMetadata, key: str) -> str | None:
    return next(iter(metadata.get_all(key) or ()), None)


def _require(subject: Subject, key: str, example: str) -> str:
    stated = _stated(_installed(subject).metadata, key)
    if not stated or stated == "UNKNOWN":
        _absent(key, example)
    return str(stated)


def _absent(what: str, example: str) -> NoReturn:
    fail(f"the metadata have no {what}", got="nothing", allowed=example, fix=f"add it to {_PLACE}, and install again")


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


CHECKS = (
    has_a_namespace_of_its_own,
    names_a_module_that_is_there,
    speaks_this_interface,
    states_a_version,
    says_what_it_is,
    states_a_licence,
    states_its_pythons,
    requires_modaxfer,
)
