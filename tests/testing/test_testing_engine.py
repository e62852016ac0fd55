"""The engine: what becomes of a check, what is expected to fail, and what no longer is."""

from __future__ import annotations

from pathlib import Path

import pytest

from modaxfer.errors import ConfigError, MissingPackageError, UnknownNameError
from modaxfer.registry import BUILTIN, PluginRecord
from modaxfer.testing import PLUGIN, ExpectedFailure, Level, Status, check, check_plugin, fail, skip, standard_checks
from modaxfer.testing.engine import judge
from modaxfer.testing.expected import expected_of
from modaxfer.testing.outcome import Conformance
from modaxfer.testing.shown import as_json, as_text
from modaxfer.testing.subject import plugin_named, subjects_of


@check(Level.METADATA, PLUGIN)
def passes(subject):
    """All is well."""
    assert list(subject.folder.iterdir()) == []


@check(Level.METADATA, PLUGIN)
def fails(subject):
    """Nothing is well."""
    fail("it returned too few", got=[1, 2], allowed="3", fix="return 3")


@check(Level.METADATA, PLUGIN)
def does_not_apply(subject):
    """Nothing is asked."""
    skip("it has no tail")


@check(Level.METADATA, PLUGIN)
def raises(subject):
    """Nothing is caught."""
    raise KeyError("tail")


@check(Level.METADATA, PLUGIN)
def needs_more(subject):
    """Something is missing."""
    raise MissingPackageError("tails", "metric a/b", "pip install tails")


@pytest.fixture(scope="module")
def subject():
    return subjects_of(plugin_named(BUILTIN))[0]


@pytest.mark.parametrize(
    ("one", "status", "what"),
    [
        (passes, Status.PASSED, ""),
        (fails, Status.FAILED, "it returned too few"),
        (does_not_apply, Status.SKIPPED, "it has no tail"),
        (raises, Status.FAILED, "it raised KeyError: 'tail'"),
        (
            needs_more,
            Status.SKIPPED,
            "metric a/b needs the package tails, which is not installed. Fix: run `pip install tails`.",
        ),
    ],
)
def test_what_becomes_of_a_check(subject, one, status, what):
    (outcome,) = judge(subject, [one])
    assert (outcome.status, outcome.what, outcome.id) == (status, what, BUILTIN)
    assert outcome.status.is_bad == (status is Status.FAILED)


def test_a_failure_says_what_is_allowed_and_how_to_mend_it(subject):
    (outcome,) = judge(subject, [fails])
    assert (outcome.got, outcome.allowed, outcome.fix) == ("1, 2", "3", "return 3")


def test_a_check_is_called_as_its_function_with_the_kind_in_front():
    assert (does_not_apply.name, does_not_apply.meaning) == ("plugin-does-not-apply", "Nothing is asked.")


@pytest.mark.parametrize(
    ("one", "expires", "status", "what"),
    [
        (fails, "99", Status.EXPECTED, "it returned too few"),
        (
            fails,
            "0.0.1",
            Status.FAILED,
            r"it returned too few; expected to fail until version 0.0.1, and this is 0.1.0",
        ),
        (passes, "99", Status.UNEXPECTED, "it passes, and is expected to fail"),
        (does_not_apply, "99", Status.SKIPPED, "it has no tail"),
    ],
)
def test_expected_failures_are_strict(subject, one, expires, status, what):
    (outcome,) = judge(subject, [one], [ExpectedFailure(one.name, reason="The tail comes.", expires=expires)])
    assert (outcome.status, outcome.what) == (status, what)


def test_a_failure_is_not_expected_without_a_reason():
    with pytest.raises(ConfigError, match=r"the expected failure of plugin-fails has no reason. .*Fix: say why"):
        ExpectedFailure("plugin-fails", reason=" ", expires="1.0")


@pytest.mark.parametrize("expires", ["", "soon"])
def test_a_failure_is_not_expected_for_ever(expires):
    with pytest.raises(ConfigError, match=r"does not say until when it is expected. Got: (no version|soon). .*version"):
        ExpectedFailure("plugin-fails", reason="The tail comes.", expires=expires)


def test_a_check_that_there_is_not_cannot_be_expected_to_fail():
    known = ExpectedFailure("plugin-has-a-namespace-of-its-owm", reason="So.", expires="1")
    with pytest.raises(ConfigError, match=r"a check that there is not.*did you mean plugin-has-a-namespace"):
        check_plugin(BUILTIN, level=0, expected=[known])


def test_what_is_not_there_cannot_be_expected_to_fail():
    known = ExpectedFailure("plugin-has-a-namespace-of-its-own", of="modaxfer/tail", reason="So.", expires="1")
    with pytest.raises(ConfigError, match=r"does not bring. Got: modaxfer/tail"):
        check_plugin(BUILTIN, level=0, expected=[known])


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Return a function from the text of expected_failures.py to a record of a plugin that ships it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(name, text):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        if text:
            (tmp_path / name / "expected_failures.py").write_text(text, encoding="utf-8")
        return PluginRecord(namespace="twin", module=f"{name}.plugin")

    return made


def test_a_plugin_ships_what_it_expects_to_fail(shipped):
    one = "ExpectedFailure('plugin-loads', reason='So.', expires='2')"
    text = f"from modaxfer.testing import ExpectedFailure\nEXPECTED = ({one},)"
    assert [known.check for known in expected_of(shipped("kit_shipped", text))] == ["plugin-loads"]
    assert expected_of(shipped("kit_silent", "")) == expected_of(PluginRecord(namespace="x", module="os")) == ()
    with pytest.raises(ConfigError, match=r"kit_blank\.expected_failures does not say .*Got: no EXPECTED\."):
        expected_of(shipped("kit_blank", "FAILURES = ()"))


def test_a_level_at_which_nothing_was_looked_at_is_said(subject):
    made = judge(subject, [passes, does_not_apply])
    for level, unchecked in ((Level.METADATA, ()), (Level.IMPORT, (Level.IMPORT,))):
        found = Conformance(plugin=subject.plugin, level=level, outcomes=tuple(made))
        assert found.unchecked == unchecked
        assert ("nothing was looked at on level 1 (import hygiene)" in as_text(found)) == bool(unchecked)
        assert as_json(found)["unchecked"] == [*unchecked]
    skipped = Conformance(plugin=subject.plugin, level=Level.METADATA, outcomes=(made[1],))
    assert as_text(skipped).endswith("all 0 checks passed; nothing was looked at on level 0 (metadata)")


def test_a_level_that_there_is_not():
    with pytest.raises(ConfigError, match=r"no such level. Got: 7. Allowed: 0 metadata, 1 import hygiene"):
        check_plugin(BUILTIN, level=7)


def test_a_plugin_that_is_not_installed():
    with pytest.raises(UnknownNameError, match=r"unknown plugin. Got: modaxfr.*did you mean modaxfer\?"):
        check_plugin("modaxfr", level=0)


def test_every_check_of_code_has_a_twin_that_it_finds():
    """Tests of this folder name each check of level 3, or what it requires, beside the twin that it must find."""
    told = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*_checks.py"))
    lost = [one.name for one in standard_checks(Level.CONTRACT) if not any(words in told for words in _words(one))]
    assert lost == []


def _words(one):
    """Return what stands in a test of a check: its name, its function, or a function that it hands everything to."""
    module = one.run.__module__.rpartition(".")[2]
    handed = [name for name in one.run.__code__.co_names if name.startswith("require_")]
    short = [f'("{name.removeprefix("require_")}", ' for name in handed]
    return [f'"{one.name}"', f"{module}.{one.run.__name__}", *handed, *short]
