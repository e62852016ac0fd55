"""Validators without labels of the target: closed forms, and what they are taken in by."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from modaxfer.contracts import Seen, StreamFacts, ValidatorContext
from modaxfer.errors import RefusedError
from modaxfer.plan import Component, Role
from modaxfer.registry import load_target, registry
from modaxfer.validators.bnm import nuclear_norm
from modaxfer.validators.build import build_validator, judged
from modaxfer.validators.circular import way_back
from modaxfer.validators.class_ami import cluster_agreement
from modaxfer.validators.density import density_ratio
from modaxfer.validators.dev import weighted_risk
from modaxfer.validators.information import mutual_information
from modaxfer.validators.snd import neighbourhood_density
from modaxfer.validators.streams import features_of, shares_of, targets_of

NAMES = [entry.name for entry in registry().all("validator")]
BALANCED = torch.eye(4, dtype=torch.float64).repeat(6, 1)
UNIFORM = torch.full((24, 4), 0.25, dtype=torch.float64)
ONE_CLASS = BALANCED[:1].repeat(24, 1)


def facts(role, link="softmax", outputs=2):
    return StreamFacts(role=role, width=2, outputs=outputs, criterion=None, rows=9, link=link)


def both(**changes):
    streams = {"source": facts(Role.SOURCE, **changes), "target": facts(Role.TARGET, **changes)}
    return ValidatorContext(streams=streams, seed=0)


def blobs(centres, rows=60, seed=0):
    """Return features around two centres, and which one each row is around."""
    classes = np.arange(rows) % 2
    return np.random.default_rng(seed).normal(0, 0.3, (rows, 2)) + np.asarray(centres)[classes], classes


def seen(features, logits, targets=None):
    made = torch.from_numpy(features)
    known = None if targets is None else (lambda: float((logits.argmax(1).numpy() == targets).mean()))
    return Seen(outputs=logits.float(), pooled=lambda: made, targets=targets, score=known)


def one_hot(classes, sure=6.0):
    return sure * torch.eye(2)[torch.from_numpy(classes)]


def test_information_is_that_of_sure_and_balanced_predictions():
    assert mutual_information(BALANCED) == pytest.approx(math.log(4))
    assert mutual_information(UNIFORM) == pytest.approx(0.0, abs=1e-12)
    assert mutual_information(ONE_CLASS) == pytest.approx(0.0, abs=1e-12)


def test_the_nuclear_norm_of_balanced_one_hot_rows_is_one_over_root_m():
    # ||P||_* = sqrt(m K) of m rows and K classes, over m sqrt(K).
    assert nuclear_norm(BALANCED) == pytest.approx(1 / math.sqrt(24))
    # Rank one: ||P||_* is the Frobenius norm, sqrt(m) of one-hot rows and sqrt(m / K) of uniform ones.
    assert nuclear_norm(ONE_CLASS) == pytest.approx(math.sqrt(24) / (24 * 2))
    assert nuclear_norm(UNIFORM) == pytest.approx(math.sqrt(24 / 4) / (24 * 2))
    few = torch.rand(3, 5, dtype=torch.float64)
    assert nuclear_norm(few) == pytest.approx(float(torch.linalg.svdvals(few).sum()) / (3 * math.sqrt(5)))


def test_neighbourhoods_are_counted_in_nats():
    assert neighbourhood_density(UNIFORM, 0.05) == pytest.approx(math.log(23))
    # Of orthogonal groups of six, each row has five neighbours; those of other groups weigh exp(-1 / 0.05).
    assert neighbourhood_density(BALANCED, 0.05) == pytest.approx(math.log(5), abs=1e-6)
    assert neighbourhood_density(UNIFORM[:1], 0.05) == -math.inf


def test_rows_beyond_a_block_have_the_same_neighbours(monkeypatch):
    shares = torch.rand(50, 3, dtype=torch.float64)
    whole = neighbourhood_density(shares, 0.05)
    monkeypatch.setattr("modaxfer.validators.snd.BLOCK", 7)
    assert neighbourhood_density(shares, 0.05) == pytest.approx(whole)


def test_classes_agree_with_the_clusters_that_they_are():
    features, classes = blobs([[3, 0], [0, 3]])
    assert cluster_agreement(features, one_hot(classes), 0) == pytest.approx(1.0)
    assert abs(cluster_agreement(features, one_hot(np.arange(60) // 30), 0)) < 0.1
    assert cluster_agreement(features, one_hot(np.zeros(60, int)), 0) == pytest.approx(0.0)
    assert cluster_agreement(features[:1], one_hot(classes[:1]), 0) == -math.inf


def test_equal_weights_give_the_mean_loss():
    losses = np.random.default_rng(0).random(50)
    assert weighted_risk(losses, np.ones(50)) == pytest.approx(losses.mean())


def test_a_control_variate_takes_out_what_the_mean_weight_misses():
    weights = np.random.default_rng(0).gamma(2.0, 0.6, 400)
    # Where all rows have one loss the risk is that loss, whatever the weights add up to.
    assert weighted_risk(np.full(400, 0.3), weights) == pytest.approx(0.3)
    assert (weights * 0.3).mean() != pytest.approx(0.3, abs=0.02)


def test_the_ratio_of_two_known_densities_is_found():
    generator = np.random.default_rng(1)
    source, target = generator.normal(0, 1, (4000, 1)), generator.normal(0.7, 1, (4000, 1))
    found = density_ratio(source, target, seed=0, most=100.0)
    known = np.exp(0.7 * source[:, 0] - 0.7**2 / 2)
    assert np.abs(np.log(found) - np.log(known)).max() < 0.15
    assert found.mean() == pytest.approx(1.0, abs=0.05)
    assert density_ratio(source, target, seed=0, most=2.0).max() == 2.0


def test_domains_that_are_the_same_have_ratios_of_one():
    rows = np.random.default_rng(2).normal(size=(1000, 3))
    assert np.abs(density_ratio(rows[:500], rows[500:], seed=0, most=10.0) - 1).max() < 0.35
    assert density_ratio(rows[:1], rows[500:], seed=0, most=10.0).tolist() == pytest.approx([1.0], abs=0.1)


def test_the_way_back_needs_the_right_classes():
    source, known = blobs([[-1, 0], [1, 0]])
    target, classes = blobs([[-1, 0.5], [1, 0.5]], seed=1)
    assert way_back(target, classes, source, known) > 0.95
    assert way_back(target, 1 - classes, source, known) < 0.05
    assert way_back(target, np.zeros(60, int), source, known) == 0.5


# A collapse is the densest neighbourhood there can be.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "snd"])
def test_a_model_that_has_collapsed_scores_lower_than_one_that_is_right(name):
    component = Component(target=registry().get("validator", name).spec.target)
    validator = build_validator(component, both())
    source, known = blobs([[3, 0], [0, 3]])
    target, truth = blobs([[3, 0.4], [0.4, 3]], seed=1)
    collapsed = np.zeros(60, int)
    good, bad = (
        {"source": seen(source, one_hot(one, sure), known), "target": seen(target, one_hot(other, sure))}
        for one, other, sure in ((known, truth, 6.0), (collapsed, collapsed, 6.0))
    )
    assert judged(component, validator, good) > judged(component, validator, bad)


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_says_which_labels_its_class_sees(name):
    spec = registry().get("validator", name).spec
    assert load_target(spec.target).needs_labels == spec.needs_labels


@pytest.mark.parametrize("name", [name for name in NAMES if name != "score"])
def test_what_a_validator_cannot_read_is_refused(name):
    target = load_target(registry().get("validator", name).spec.target)
    with pytest.raises(RefusedError, match=f"validator {name} reads which class .*not one class per row"):
        target(both(link="identity"))
    alone = ValidatorContext(streams={"source": facts(Role.SOURCE)}, seed=0)
    with pytest.raises(RefusedError, match=f"validator {name} looks at rows of the target, and no stream is of it"):
        target(alone)


@pytest.mark.parametrize("name", ["dev", "circular"])
def test_source_labels_that_are_not_shown_are_missed(name):
    component = Component(target=registry().get("validator", name).spec.target)
    rows, classes = blobs([[3, 0], [0, 3]])
    hidden = {each: seen(rows, one_hot(classes)) for each in ("source", "target")}
    with pytest.raises(RefusedError, match=f"validator {name} needs the labels of stream source"):
        judged(component, build_validator(component, both()), hidden)


def test_streams_of_one_task_are_counted_once():
    rows, classes = blobs([[3, 0], [0, 3]])
    shown = seen(rows, one_hot(classes), classes)
    twice = {"target": shown, "unlabelled": shown, "other": seen(rows[:4], one_hot(classes[:4]), classes[:4])}
    names = tuple(twice)
    assert len(shares_of(twice, names)) == len(features_of(twice, names)) == len(targets_of(twice, names, "dev")) == 64
