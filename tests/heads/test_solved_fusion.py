"""A classical head of each encoder, and what joins them: chosen by inner validation, never for nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score

from modaxfer.contracts import Features, LayerFeatures, SolverContext
from modaxfer.heads.build import build_head, head_config
from modaxfer.heads.classical import fit as fit_alone
from modaxfer.heads.classical.sample import Sample
from modaxfer.heads.fusion.choice import simplest
from modaxfer.heads.fusion.solve import fit
from modaxfer.heads.fusion.vote import vote
from modaxfer.heads.fusion.ways import Way
from modaxfer.heads.search_options import FusedSearch, SearchOptions
from modaxfer.runner.model.tower import read_out

TRAIN, VALIDATION, TEST = slice(0, 200), slice(200, 260), slice(260, 660)
EXACT = {"layer": "last", "pooling": "mean", "reduction": "none"}


def encoders(problem="multiclass", strength=(0.5, 0.5), gaps=True):
    """Return targets, features of two encoders that each know something else of the target, and who is there."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 660) if problem == "multiclass" else generator.normal(size=660)
    known = np.eye(3)[targets] if problem == "multiclass" else targets[:, None]
    made = []
    for width, share in zip((7, 11), strength, strict=True):
        rows = generator.normal(size=(660, 2, 3, width))
        rows += share * (known @ generator.normal(size=(known.shape[1], width)))[:, None, None]
        made.append(rows.astype(np.float32))
    there = np.ones((660, 2), bool)
    if gaps:
        there[::5, 0] = False
        there[1::5, 1] = False
    return targets.astype(np.float32 if problem == "regression" else np.int64), made, there


def context(targets, features, there, problem="multiclass"):
    judge = accuracy_score if problem == "multiclass" else r2_score
    given = tuple(
        LayerFeatures(
            train=rows[TRAIN],
            validation=rows[VALIDATION],
            there={"train": there[TRAIN, place], "validation": there[VALIDATION, place]},
        )
        for place, rows in enumerate(features)
    )
    return SolverContext(
        features={"train": given},
        targets={"train": {"train": targets[TRAIN], "validation": targets[VALIDATION]}},
        problem=problem,
        classes=("a", "b", "c") if problem == "multiclass" else (),
        judge=lambda references, predictions, scores: judge(references, predictions),
    )


def said(found, features, there, head=None):
    """What the head says of the test rows."""
    vectors = [
        read_out(torch.from_numpy(rows[TEST]), readout) for rows, readout in zip(features, found.readouts, strict=True)
    ]
    pooled = torch.cat([torch.from_numpy(there[TEST]).float(), *vectors], 1)
    with torch.no_grad():
        return (head or found.head).eval()(Features(pooled=pooled))


@pytest.fixture(scope="module")
def made():
    return encoders()


@pytest.fixture(scope="module")
def fitted(made):
    """Return a function from the ways that are chosen among to what was found."""
    kept = {}

    def of(*among):
        if among not in kept:
            kept[among] = fit(context(*made), FusedSearch(among=among, head="lda", **EXACT))
        return kept[among]

    return of


@pytest.mark.parametrize("way", ["part", "vote", "stack", "concat"])
def test_every_way_is_saved_and_a_row_that_lacks_a_part_is_told_by_the_other_alone(way, made, fitted):
    _, features, there = made
    found = fitted(way)
    assert found.report["how"] == way
    outputs = said(found, features, there)
    twin = build_head(json.loads(json.dumps(head_config(found.head))))
    twin.load_state_dict(found.head.state_dict())
    assert torch.equal(said(found, features, there, twin), outputs)
    for place in (0, 1):
        lacking = ~there[TEST, 1 - place]
        rows = features[place][TEST][lacking]
        alone = found.head.parts[place](Features(pooled=read_out(torch.from_numpy(rows), found.readouts[place])))
        expected = (found.head.slopes[place] * alone).softmax(1)
        assert torch.allclose(outputs[torch.from_numpy(lacking)].softmax(1), expected, atol=1e-4)


def test_the_part_is_what_the_search_finds_for_it_alone(fitted):
    targets, features, _ = encoders(gaps=False)
    there = np.ones((660, 2), bool)
    found = fit(context(targets, features, there), FusedSearch(among=("part",), layer="0", pooling="mean"))
    best = int(np.argmax([part["score"] for part in found.report["parts"]]))
    given = context(targets, [features[best]], there[:, [best]])
    alone = fit_alone(given, SearchOptions(layer="0", pooling="mean"))
    assert found.readouts[best] == alone.readouts[0]
    pooled = read_out(torch.from_numpy(features[best][TEST]), alone.readouts[0])
    predictions = alone.head.eval()(Features(pooled=pooled)).argmax(1)
    assert torch.equal(said(found, features, there).argmax(1), predictions)


def test_two_parts_that_know_different_things_are_joined_and_that_pays(made):
    targets, features, there = made
    found = fit(context(*made), FusedSearch(head="lda", **EXACT))
    assert found.report["how"] != "part"
    assert [row["how"] for row in found.report["candidates"] if "how" in row] == ["part", "vote", "stack", "concat"]
    alone = fit(context(*made), FusedSearch(head="lda", among=("part",), **EXACT))
    joined, part = (accuracy_score(targets[TEST], said(each, features, there).argmax(1)) for each in (found, alone))
    assert joined > part + 0.03


def test_a_part_that_knows_nothing_is_not_joined():
    targets, features, there = encoders(strength=(0.8, 0.0), gaps=False)
    found = fit(context(targets, features, there), FusedSearch(head="lda", **EXACT))
    assert (found.report["how"], found.report["head"]) == ("part", "lda of encoder 1 alone")


def test_numbers_are_joined_as_well():
    targets, features, there = encoders("regression")
    given = context(targets, features, there, "regression")
    found = fit(given, FusedSearch(among=("stack", "concat"), **EXACT))
    values, _ = found.criterion.decode(said(found, features, there))
    alone = fit(given, FusedSearch(among=("part",), **EXACT))
    part, _ = alone.criterion.decode(said(alone, features, there))
    assert r2_score(targets[TEST], values) > r2_score(targets[TEST], part) + 0.03


def test_the_stacked_head_is_fitted_to_scores_of_rows_that_its_parts_had_not_seen(made):
    """Features that only remember are worth nothing to others: a stack of fitted scores would trust them."""
    targets, features, _ = made
    generator = np.random.default_rng(1)
    remembers = generator.normal(size=(660, 2, 3, 150)).astype(np.float32)
    given = context(targets, [features[0], remembers], np.ones((660, 2), bool))
    found = fit(given, FusedSearch(among=("stack",), head="lda", **EXACT))
    joined = accuracy_score(targets[TEST], said(found, [features[0], remembers], np.ones((660, 2), bool)).argmax(1))
    alone = fit(given, FusedSearch(among=("part",), head="lda", **EXACT))
    part = accuracy_score(targets[TEST], said(alone, [features[0], remembers], np.ones((660, 2), bool)).argmax(1))
    assert joined > part - 0.03


@pytest.mark.parametrize(("behind", "chosen"), [(0, "vote"), (1, "vote"), (60, "stack")])
def test_gains_within_a_standard_error_go_to_the_simpler(behind, chosen):
    """Of 300 rows the vote has `behind` fewer right, all of them among those that the stack has right."""
    references = np.zeros(300, np.int64)
    base = torch.zeros(300, 2)
    base[:, 0] = 1.0
    base[200:] = base[200:].flip(1)
    worse = base.clone()
    worse[:behind] = worse[:behind].flip(1)
    features = LayerFeatures(train=np.zeros((300, 1, 3, 2), np.float32))
    given = SolverContext(
        features={"train": (features,)},
        targets={"train": {"train": references}},
        problem="binary",
        classes=("a", "b"),
        judge=lambda references, predictions, scores: accuracy_score(references, predictions),
    )
    sample = Sample.of(given, 4)
    ways = [
        Way(name=name, outputs=outputs, score=float((outputs.argmax(1) == 0).float().mean()))
        for name, outputs in (("vote", worse), ("stack", base))
    ]
    assert simplest(ways, sample, None)[0].name == chosen


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
def test_a_vote_is_the_mean_of_those_there(link):
    said = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0))
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [True, True, False]])
    turned = {"softmax": lambda x: x.softmax(-1), "sigmoid": torch.sigmoid, "identity": lambda x: x}[link]
    scores = said.log_softmax(2) if link == "softmax" else said
    expected = torch.stack([turned(said[row, present[row]]).mean(0) for row in range(4)])
    assert torch.allclose(turned(vote(scores, present, link)), expected, atol=1e-6)
