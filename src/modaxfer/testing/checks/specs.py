"""Level 2: what every spec says of itself, and the code that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING, Any

from modaxfer.errors import MissingPackageError
from modaxfer.registry import BUILTIN, load_target
from modaxfer.setting_values import check_value
from modaxfer.testing.check import EVERY_KIND, Level, check, fail

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS", "targets_of"]

LONGEST_SUMMARY = 160
"""Characters of a summary that `modaxfer list` still shows well."""

_TARGETS = ("target", "options", "configuration", "reader", "figure")


@check(Level.SPECS, EVERY_KIND)
def has_a_name_of_its_own(subject: Subject) -> None:
    """Its short name is not one of the framework's own, which nobody could write alone any more."""
    spec, is_own = subject.spec, subject.plugin.namespace == BUILTIN
    if not is_own and any(
        entry.plugin == BUILTIN and entry.name == spec.name for entry in subject.registry.all(subject.kind)
    ):
        fail(
            f"the framework has a {subject.kind} of this name, and {spec.name} alone would be ambiguous",
            got=spec.name,
            allowed="a name that the framework does not use",
            fix=f"call it {spec.name}-{subject.plugin.namespace}, or what sets it apart",
        )


@check(Level.SPECS, EVERY_KIND)
def says_what_it_is(subject: Subject) -> None:
    """It has a summary of one line, which `modaxfer list` shows."""
    summary = subject.spec.summary
    if not summary.strip() or "\n" in summary or len(summary) > LONGEST_SUMMARY:
        got = f"{len(summary)} characters: {summary!r}" if summary.strip() else "nothing"
        allowed = f"one line of at most {LONGEST_SUMMARY} characters"
        fail("the summary does not say in one line what it is", got=got, allowed=allowed, fix="write summary='...'")


@check(Level.SPECS, EVERY_KIND)
def names_code_that_is_there(subject: Subject) -> None:
    """Every target that it names can be imported, and called."""
    for field, target in targets_of(subject.spec):
        try:
            found = load_target(target)
        except MissingPackageError as missing:
            _require_asked_for(subject, missing)
            raise
        if not callable(found):
            fail(f"{field} names nothing that can be called", got=f"{target}, a {type(found).__name__}")


@check(Level.SPECS, EVERY_KIND)
def has_options_that_explain_themselves(subject: Subject) -> None:
    """Its options are a frozen dataclass; each has a default that it may have, and says what it means."""
    target = getattr(subject.spec, "options", "")
    if not target:
        return
    options: Any = load_target(target)
    if not is_dataclass(options) or not getattr(options, "__dataclass_params__").frozen:  # noqa: B009 - no type has it
        fail("the options are no frozen dataclass", got=target, fix="write @dataclass(frozen=True, kw_only=True)")
    for field in fields(options):
        _require_documented(field, target)


def targets_of(spec: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield where a spec, or a spec in it, names code, and what: ``sources.0.reader``, ``package.module:function``."""
    for field in fields(spec):
        value, where = getattr(spec, field.name), f"{place}{field.name}"
        if field.name in _TARGETS and isinstance(value, str) and value:
            yield where, value
        for number, part in enumerate(value if isinstance(value, tuple) else (value,)):
            if is_dataclass(part):
                yield from targets_of(part, f"{where}.{number}." if isinstance(value, tuple) else f"{where}.")


def _require_asked_for(subject: Subject, missing: MissingPackageError) -> None:
    """Check that the distribution asks for a package that is missing, so that pip can bring it."""
    name = subject.plugin.distribution
    try:
        asked = " ".join(requires(name) or ()).lower()
    except PackageNotFoundError:
        asked = ""
    wanted = missing.install.partition("pip install ")[2].strip("'").partition("[")[0]
    if missing.package.lower() not in asked and wanted.lower() not in (*asked.split(), name.lower()):
        fail(
            f"its code needs the package {missing.package}, which {name} asks for nowhere",
            got=f"not installed: {missing.package}",
            allowed="packages under dependencies, or under an extra",
            fix=f"add {wanted} to pyproject.toml",
        )


def _require_documented(field: Any, target: str) -> None:
    metadata: Mapping[str, Any] = field.metadata
    if not metadata.get("doc"):
        fail(
            f"the option {field.name} does not say what it means",
            got=f"{target}: {field.name}",
            allowed="a field with its help, which --set and the reference show",
            fix=f"write {field.name}: ... = documented(DEFAULT, 'What it means.'), from modaxfer.config",
        )
    if field.default is MISSING and field.default_factory is MISSING:
        fail(f"the option {field.name} has no default", got=f"{target}: {field.name}", fix="give it one")
    default = field.default if field.default is not MISSING else field.default_factory()
    try:
        check_value(default, metadata)
    except ValueError as error:
        fail(f"the default of the option {field.name} is none that it may have", got=error, fix="correct either")


CHECKS = (
    has_a_name_of_its_own,
    says_what_it_is,
    names_code_that_is_there,
    has_options_that_explain_themselves,
)
