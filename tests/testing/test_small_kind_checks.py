"""Checks of metrics, augmentations and reports: each has a broken twin that it finds."""

from __future__ import annotations

import dataclasses
import sys
from types import ModuleType

import numpy as np
import pytest

from modaxfer.registry import BUILTIN, Entry
from modaxfer.spec import AugmentationSpec, MetricSpec, ReportSpec
from modaxfer.testing import Level, Status, standard_checks
from modaxfer.testing.engine import judge
from modaxfer.testing.subject import plugin_named, subjects_of

ODD = [0]


def accuracy(references, predictions, scores):
    return float(np.mean(references == predictions))


def as_array(references, predictions, scores):
    return np.array([accuracy(references, predictions, scores)])


def turned_around(references, predictions, scores):
    return -accuracy(references, predictions, scores)


def deaf_to_groups(references, predictions, scores, groups):
    return accuracy(references, predictions, scores)


def worst_group(references, predictions, scores, groups):
    return min(float(np.mean((references == predictions)[groups == one])) for one in np.unique(groups))


def too_great(references, predictions, scores):
    return 2 * accuracy(references, predictions, scores)


def first_row_alone(references, predictions, scores):
    return float(np.mean(references == predictions)) if references[0] == predictions[0] else 0.0


def writing(references, predictions, scores):
    value = accuracy(references, predictions, scores)
    predictions[:] = 0
    return value


def wandering(references, predictions, scores):
    ODD[0] += 1
    return accuracy(references, predictions, scores) * (0.5 + 0.5 * (ODD[0] % 2))


def impatient(references, predictions, scores):
    if len(set(references)) < 2:
        raise ZeroDivisionError("one class")
    return accuracy(references, predictions, scores)


def by_the_first_row(references, predictions, scores):
    return 1.0 if references[0] == predictions[0] else 0.5


def cut(image, strength, generator):
    return image.crop((0, 0, 8, 8))


def restless(image, strength, generator):
    return image.rotate(int(np.random.default_rng().integers(360)))


def idle(image, strength, generator):
    return image


def tireless(image, strength, generator):
    return image.rotate(90 * int(generator.integers(1, 4)))


def overpainting(image, strength, generator):
    image.putpixel((0, 0), (1, 2, 3))
    return image


def no_files(result, folder):
    (folder / "page.txt").write_text(result.status)


def beside(result, folder):
    (folder.parent / "page.txt").write_text(result.status)
    return []


def impatient_report(result, folder):
    return [result.metrics["test"]]


@pytest.fixture
def outcomes(monkeypatch):
    """Return a function from a function of this file to what becomes of its kind's checks, by name."""
    whole = subjects_of(plugin_named(BUILTIN))[0]
    module = ModuleType("broken_twins")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def made(kind, function, **spec):
        setattr(module, function.__name__, function)
        specs = {"metric": MetricSpec, "augmentation": AugmentationSpec, "report": ReportSpec}
        own = specs[kind](name="twin", target=f"broken_twins:{function.__name__}", **spec)
        subject = dataclasses.replace(whole, entry=Entry(kind=kind, plugin="twins", spec=own))
        checks = [each for each in standard_checks(Level.CONTRACT) if each.kind == kind]
        return {outcome.check.name: outcome for outcome in judge(subject, checks)}

    return made


@pytest.mark.parametrize(
    ("function", "check", "what"),
    [
        (as_array, "metric-is-a-float", "it returned no float for rows of binary"),
        (turned_around, "metric-perfect-is-best", "perfect predictions of binary do not have the best value"),
        (turned_around, "metric-more-right-is-better", "more often right are not better"),
        (by_the_first_row, "metric-shuffled-is-near-chance", "shuffled predictions of binary are far from chance"),
        (too_great, "metric-stays-in-its-bounds", "right predictions of binary are beyond its bounds"),
        (first_row_alone, "metric-order-of-rows-changes-nothing", "the order of rows of binary changes it"),
        (writing, "metric-leaves-its-arrays-alone", "it changed the predictions of binary"),
        (wandering, "metric-constant-is-known", "constant predictions of binary have two values"),
        (impatient, "metric-undefined-is-not-a-number", "it raised ZeroDivisionError: one class"),
    ],
)
def test_a_broken_metric_is_found(outcomes, function, check, what):
    found = outcomes("metric", function, problems=("binary",), bounds=(0.0, 1.0))[check]
    assert found.status is Status.FAILED
    assert what in found.what


def test_a_metric_that_reads_groups_heeds_them(outcomes):
    grouped = {"problems": ("binary",), "bounds": (0.0, 1.0), "needs_groups": True}
    found = outcomes("metric", deaf_to_groups, **grouped)
    assert found["metric-heeds-its-groups"].status is Status.FAILED
    assert "who is served badly in rows of binary changes nothing" in found["metric-heeds-its-groups"].what
    assert found["metric-more-right-is-better"].status is Status.SKIPPED
    fair = outcomes("metric", worst_group, **grouped)
    assert {one.status for one in fair.values()} == {Status.PASSED, Status.SKIPPED}


@pytest.mark.parametrize(
    ("function", "check", "what"),
    [
        (cut, "augmentation-keeps-kind-and-shape", "came back as something else"),
        (restless, "augmentation-follows-its-generator", "one seed gives two outcomes"),
        (idle, "augmentation-follows-its-generator", "it never changes anything of the signal image"),
        (tireless, "augmentation-strength-zero-changes-nothing", "strength 0 changes a value of the signal image"),
        (overpainting, "augmentation-leaves-what-it-is-given-alone", "it changed the value of the signal image"),
        (idle, "augmentation-heeds-what-is-forbidden", "unexpected keyword argument 'forbid'"),
    ],
)
def test_a_broken_augmentation_is_found(outcomes, function, check, what):
    found = outcomes("augmentation", function, signal="image", heeds=True)[check]
    assert found.status is Status.FAILED
    assert what in found.what


@pytest.mark.parametrize(
    ("function", "check", "what"),
    [
        (no_files, "report-renders-an-empty-run", "it did not return the files that it wrote"),
        (impatient_report, "report-renders-a-failed-run", "it raised KeyError: 'test'"),
        (beside, "report-writes-into-its-folder-alone", "it wrote beside its folder"),
    ],
)
def test_a_broken_report_is_found(outcomes, function, check, what):
    found = outcomes("report", function)[check]
    assert found.status is Status.FAILED
    assert what in found.what
