"""Shift reports: each part sees its own kind of shift, and says so when there is nothing to be said."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modaxfer.errors import MissingPackageError, RefusedError
from modaxfer.testing.material.encoded_rows import encoded_rows
from modaxfer.transferability.shift import dataset_distance, shift_report
from modaxfer.transferability.shift.concept import decomposed

ROWS = 400


def domain(seed, *, moved=0.0, share=0.5, flipped=False, kind="classes", **other):
    """Return rows of which the first feature tells the class; `moved` along the second, which tells nothing."""
    rng = np.random.default_rng(200 + seed)
    classes = rng.permutation((np.arange(ROWS) < share * ROWS).astype(int))
    features = rng.normal(size=(ROWS, 5))
    features[:, 0] += 3.0 * classes - 1.5
    features[:, 1] += moved
    told = 1 - classes if flipped else classes
    targets = {
        "classes": told,
        "labels": np.stack([told, rng.random(ROWS) < 0.3], 1).astype(np.float32),
        "numbers": features[:, 0] * (-1 if flipped else 1) + 0.5 * rng.normal(size=ROWS),
    }[kind]
    return encoded_rows(features, targets, **other)


def values(part):
    return {each.name: each for each in part.effects}


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    """Half as many: the shifts here are clear, or there is none."""
    monkeypatch.setattr("modaxfer.transferability.shift.effects.RESAMPLES", 200)


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_tasks_alike_show_no_evidence(kind):
    report = shift_report(domain(0, kind=kind), domain(1, kind=kind))
    found = [each for part in (report.covariate, report.label, report.concept) for each in part.effects]
    assert not [str(each) for each in found if each.evidence]


@pytest.fixture(scope="module")
def source():
    return domain(0)


def test_other_inputs_are_covariate(source):
    report = shift_report(source, domain(1, moved=1.0))
    assert [each.evidence for each in report.covariate.effects] == [True, True, True]
    assert not any(each.evidence for each in (*report.label.effects, values(report.concept)["of that, concept"]))


def test_other_shares_are_label(source):
    report = shift_report(source, domain(1, share=0.8))
    found = values(report.label)
    shares = [encoded.targets.mean() for encoded in (source, domain(1, share=0.8))]
    assert found["total variation"].value == pytest.approx(abs(shares[1] - shares[0]))
    assert found["total variation"].evidence
    table = np.array([[1 - share, share] for share in shares])
    expected = table.mean(0)
    assert found["effect size w"].value == pytest.approx(np.sqrt((np.square(table - expected) / expected).sum() / 2))
    assert report.label.notes[0].startswith("most of it: 'class ")


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_another_meaning_is_concept(kind):
    report = shift_report(domain(0, kind=kind), domain(1, kind=kind, flipped=True))
    found = values(report.concept)
    total, concept, covariate = found.values()
    assert concept.evidence
    assert concept.value > 0.8 * total.value
    assert concept.value + covariate.value == pytest.approx(total.value)
    assert not report.covariate.effects[0].evidence


def test_the_interval_of_a_distance_holds_it(source):
    """Moments of few rows lie apart by chance; resamples of resamples would lie apart twice as far."""
    noise = np.random.default_rng(0).normal(size=(2, 1, ROWS, 60)).astype(np.float32)
    wide = [replace(each, layers=layers) for each, layers in zip((source, domain(1)), noise, strict=True)]
    found = shift_report(*wide).covariate.effects[2]
    assert found.name == "Bures^2"
    assert found.low < found.value < found.high
    assert not found.evidence


def test_numbers_that_are_larger(source):
    one, other = domain(0, kind="numbers"), domain(1, kind="numbers")
    found = shift_report(one, replace(other, targets=other.targets + 2)).label.effects[0]
    difference = other.targets.mean() + 2 - one.targets.mean()
    assert found.value == pytest.approx(difference / np.sqrt((one.targets.var() + other.targets.var()) / 2))
    assert found.evidence


def test_classes_are_matched_by_name(source):
    target = domain(1)
    renamed = replace(target, targets=1 - target.targets, classes=target.classes[::-1])
    assert shift_report(source, renamed).to_dict() == shift_report(source, target).to_dict()


def test_tasks_without_a_class_in_common(source):
    report = shift_report(source, replace(domain(1), classes=("yes", "no")))
    assert report.label.left_out == report.concept.left_out == "the tasks have no class in common"
    assert "label: the tasks have no class in common" in report.lines()
    assert len(report.covariate.effects) == 3


def test_a_class_that_the_source_lacks_is_wrong(source):
    report = shift_report(source, replace(domain(1), classes=("class 0", "new")))
    assert "classes that the source lacks count as wrong: 'new'" in report.concept.notes
    assert values(report.concept)["loss on the target less the source's"].value > 0.3


def test_a_task_of_numbers_and_one_of_classes(source):
    report = shift_report(source, domain(1, kind="numbers"))
    assert report.concept.left_out == "targets of another kind: binary and regression"


def test_tasks_that_share_no_inputs_are_told(source):
    notes = shift_report(source, domain(1, moved=20.0)).concept.notes
    assert any("what is concept is hardly known" in note for note in notes)


def test_groups_widen_intervals():
    """Eight speakers each, who differ more than rows do: as rows they look like two tasks, as speakers they do not."""
    groups = np.arange(ROWS) // 50
    offsets = np.random.default_rng(7).normal(size=(2, 8, 5))
    near = [
        replace(domain(side), layers=(domain(side).layers + offsets[side][groups]).astype(np.float32))
        for side in (0, 1)
    ]
    plain = shift_report(*near).covariate.effects[1]
    grouped = shift_report(*(replace(each, groups=groups) for each in near)).covariate.effects[1]
    assert plain.evidence
    assert not grouped.evidence
    assert grouped.high - grouped.low > plain.high - plain.low


def test_it_is_plain_json(source):
    told = json.loads(json.dumps(shift_report(source, domain(1)).to_dict()))
    assert set(told) == {"covariate", "label", "concept"}
    assert set(told["concept"]["effects"][0]) >= {"name", "value", "low", "high", "evidence", "meaning"}


def test_the_decomposition_by_hand():
    losses, shared = [np.array([0.0, 1.0]), np.array([1.0, 0.0])], (np.array([0.25, 0.75]), np.array([0.5, 0.5]))
    found = decomposed(losses, shared, [np.ones((1, 2))] * 2)
    assert [float(each[0]) for each in found] == [0.0, -0.25, 0.25]


def test_other_encoders_and_few_rows_are_refused(source):
    with pytest.raises(RefusedError, match=r"1 layers of width 5 and 1 layers of width 3.*the same checkpoint"):
        shift_report(source, replace(source, layers=source.layers[:, :, :3]))
    few = encoded_rows(np.eye(5), np.arange(5) % 2)
    with pytest.raises(RefusedError, match=r"400 of the source, 5 of the target. Allowed: at least 10"):
        shift_report(source, few)


def test_dataset_distance(source):
    pytest.importorskip("ot", reason="POT is an extra")
    near, far = dataset_distance(source, domain(1)), dataset_distance(source, domain(1, moved=3.0))
    assert 0 < near < far


def test_dataset_distance_without_pot(source, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ot", None)
    with pytest.raises(
        MissingPackageError, match=r"the optimal transport dataset distance.*pip install 'modaxfer\[ot\]'"
    ):
        dataset_distance(source, source)
