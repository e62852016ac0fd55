import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made import Options, classes_of, labels_of, rows_of, values_of
from safetensors.torch import load_file, save_file
from sklearn.linear_model import RidgeCV
from sklearn.metrics import accuracy_score, f1_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from heads_read import said
from modaxfer.contracts import LayerFeatures, SolverContext
from modaxfer.contracts.solver import drawn_rows
from modaxfer.errors import DataError, RefusedError
from modaxfer.heads.build import build_head, head_config
from modaxfer.heads.classical import fit, sample
from modaxfer.heads.classical.discriminant import LDA
from modaxfer.heads.classical.features import View
from problem_names import PROBLEMS

TARGETS = {
    "binary": lambda rows: classes_of(rows, 2),
    "multiclass": classes_of,
    "multilabel": labels_of,
    "regression": values_of,
}
SCORES = {
    "binary": lambda references, predictions, scores: accuracy_score(references, predictions),
    "multiclass": lambda references, predictions, scores: accuracy_score(references, predictions),
    "multilabel": lambda references, predictions, scores: f1_score(
        references, predictions, average="macro", zero_division=0
    ),
    "regression": lambda references, predictions, scores: r2_score(references, predictions),
}
POSSIBLE = [
    (problem, head, reduction)
    for problem in PROBLEMS
    for head in ("ridge", "lda", "logistic", "knn")
    for reduction in ("none", "pca", "lda", "autoencoder")
    if problem in ("binary", "multiclass")
    or ("lda" not in (head, reduction) and (head != "logistic" or problem == "multilabel"))
]
"""What the tests at the end of this file do not see refused."""
TRIED = [
    (problem, head, reduction)
    for problem, head, reduction in POSSIBLE
    if problem == "multiclass" or head == "ridge" or reduction == "none"
]
"""Each head and each reduction on each problem, and each of one with each of the other on one."""
TRIED += [("multiclass", head, reduction) for head in ("prototype", "tip") for reduction in ("none", "pca")]
TRIED = [
    pytest.param(*each, marks=pytest.mark.slow)
    if each[-1] == "autoencoder" and each[:2] != ("multiclass", "logistic")
    else each
    for each in TRIED
]
"""The autoencoder, which is trained, is asked once; the rest of it with ``slow``."""

CLASSES = {"binary": 2, "regression": 0}


def data(problem, count=360):
    rows = rows_of(count)
    features = np.stack([np.stack([rows, rows, np.abs(rows)], 1)] * 2, 1)
    return features, TARGETS[problem](rows)


def context(features, targets, problem, classes, judge, **settings):
    return SolverContext(
        features={"train": (features,)},
        targets={"train": targets},
        problem=problem,
        classes=classes,
        judge=judge,
        **settings,
    )


def fitted(features, targets, problem, *, groups=None, class_weight=None, score=None, seed=0, **options):
    known = LayerFeatures(train=features[:240], validation=features[240:300], groups=groups)
    split = {"train": targets[:240], "validation": targets[240:300]}
    classes = tuple("abc"[: CLASSES.get(problem, 3)])
    given = context(known, split, problem, classes, score or SCORES[problem], seed=seed, class_weight=class_weight)
    return fit(given, Options(**options))


def judged(found, features, targets, problem):
    (readout,) = found.readouts
    view = View(layers=readout.layers, weights=readout.weights, pooling=readout.pooling)
    with torch.no_grad():
        predictions, scores = found.criterion.decode(said(found.head.eval(), view.read(features)))
    return SCORES[problem](targets, predictions, scores)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_choice_does_on_new_rows_what_it_did_on_held_out_ones(problem):
    features, targets = data(problem)
    found = fitted(features, targets, problem)
    new = judged(found, features[300:], targets[300:], problem)
    assert new > {"multilabel": 0.6}.get(problem, 0.7)
    assert abs(new - found.report["score"]) < 0.2


@pytest.mark.parametrize(("problem", "head", "reduction"), TRIED)
def test_every_head_and_reduction_learns_and_can_be_saved(problem, head, reduction, tmp_path):
    features, targets = data(problem)
    settings = {"head": head, "reduction": reduction, "components": 9, "layer": "last", "pooling": "mean"}
    found = fitted(features, targets, problem, **settings)
    assert {key: found.report[key] for key in ("head", "reduction")} == {"head": head, "reduction": reduction}
    floor = {"binary": 0.65, "multiclass": 0.55, "multilabel": 0.3, "regression": 0.2}
    assert judged(found, features[300:], targets[300:], problem) > floor[problem]
    save_file(found.head.state_dict(), tmp_path / "head.safetensors")
    twin = build_head(json.loads(json.dumps(head_config(found.head)))).eval()
    twin.load_state_dict(load_file(tmp_path / "head.safetensors"))
    rows = torch.from_numpy(features[:, 1, 1])
    assert torch.equal(said(twin, rows), said(found.head.eval(), rows))


@pytest.mark.parametrize("head", ["auto", "knn"])
def test_shuffled_labels_stay_at_chance(head):
    features, targets = data("binary")
    targets = np.random.default_rng(0).permutation(np.arange(len(targets)) % 2)
    found = fitted(features, targets, "binary", head=head)
    assert abs(judged(found, features[300:], targets[300:], "binary") - 0.5) < 0.15
    assert found.report["score"] < 0.6


def test_related_rows_are_no_evidence_when_they_are_known_as_groups():
    features, targets = data("binary")
    targets = np.random.default_rng(0).permutation(np.arange(len(targets)) % 2)
    features, targets = np.repeat(features[:180], 2, 0), np.repeat(targets[:180], 2)
    known, split = LayerFeatures(train=features), {"train": targets}
    grouped = LayerFeatures(train=features, groups=np.repeat(np.arange(180), 2))
    blind, seeing = (
        fit(context(given, split, "binary", ("a", "b"), SCORES["binary"]), Options(head="knn"))
        for given in (known, grouped)
    )
    assert blind.report["score"] > 0.8
    assert seeing.report["score"] < 0.6


def test_validation_rows_choose_but_are_not_fitted(monkeypatch):
    monkeypatch.setattr(LDA, "grid", (0.3,))
    features, targets = data("multiclass")
    settings = {"head": "lda", "reduction": "none", "layer": "0", "pooling": "mean"}
    found = fitted(features, targets, "multiclass", **settings)
    targets[240:300] = 0
    features[240:300] *= -1
    again = fitted(features, targets, "multiclass", **settings)
    assert again.report["score"] != found.report["score"]
    assert torch.equal(again.head.linear.weight, found.head.linear.weight)


def test_without_validation_rows_the_inner_folds_decide_alone():
    features, targets = data("multiclass")
    known, split = LayerFeatures(train=features[:240]), {"train": targets[:240]}
    found = fit(context(known, split, "multiclass", ("a", "b", "c"), SCORES["multiclass"]), Options())
    assert found.report["search_rows"] == 240
    assert judged(found, features[300:], targets[300:], "multiclass") > 0.7


def test_regression_is_as_good_as_ridgecv():
    features, targets = data("regression")
    found = fitted(features, targets, "regression", pooling="mean")
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=np.geomspace(1e-2, 1e4, 20)))
    model.fit(features[:240, 0, 1], targets[:240])
    expected = r2_score(targets[300:], model.predict(features[300:, 0, 1]))
    assert judged(found, features[300:], targets[300:], "regression") > expected - 0.02


def test_ridge_probabilities_are_calibrated():
    features, targets = data("binary")
    found = fitted(features, targets, "binary", head="ridge", reduction="none", pooling="mean", layer="0")
    _, scores = found.criterion.decode(said(found.head, torch.from_numpy(features[:240, 0, 1])))
    chosen = scores.max(1)
    right = (scores.argmax(1) == targets[:240]).mean()
    assert abs(chosen.mean() - right) < 0.08


@pytest.mark.parametrize("head", ["ridge", "lda", "logistic", "knn"])
def test_balanced_classes_are_recalled_more_alike(head):
    features, targets = data("multiclass")
    settings = {"head": head, "reduction": "none", "pooling": "mean", "layer": "0"}
    shares = []
    for class_weight in (None, "balanced"):
        found = fitted(features, targets, "multiclass", class_weight=class_weight, **settings)
        with torch.no_grad():
            predictions, _ = found.criterion.decode(said(found.head, torch.from_numpy(features[:, 0, 1])))
        shares.append(np.bincount(predictions, minlength=3)[np.bincount(targets).argmin()])
    assert shares[1] > shares[0]


def test_the_report_is_plain_and_complete():
    features, targets = data("multiclass")
    report = json.loads(json.dumps(fitted(features, targets, "multiclass").report))
    assert report["score"] == max(row["score"] for row in report["candidates"])
    # Heads for a few rows per class are tried where they are named.
    assert {row["head"] for row in report["candidates"]} == {"lda", "ridge", "logistic", "knn"}
    assert {row["pooling"] for row in report["candidates"]} == {"cls", "mean", "mean_std"}
    assert (report["rows"], report["search_rows"], report["folds"]) == (240, 300, 4)


def test_the_same_seed_gives_the_same_head_and_the_global_random_state_is_left_alone(monkeypatch):
    monkeypatch.setattr("modaxfer.heads.classical.reduction.EPOCHS", 2)
    features, targets = data("multiclass")
    expected = torch.rand(1, generator=torch.Generator().manual_seed(3))
    torch.manual_seed(3)
    settings = {"head": "logistic", "reduction": "autoencoder", "components": 4, "layer": "0", "pooling": "cls"}
    first, second = (fitted(features, targets, "multiclass", **settings).head.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.rand(1), expected)


def test_half_precision_features_are_searched_in_single_precision():
    features, targets = data("multiclass")
    found = fitted(features.astype(np.float16), targets, "multiclass")
    assert all(value.dtype == torch.float32 for value in found.head.state_dict().values())
    assert judged(found, features[300:], targets[300:], "multiclass") > 0.6


def test_a_large_task_is_searched_on_a_sample_and_fitted_on_all(monkeypatch):
    monkeypatch.setattr(sample, "SEARCH_ROWS", 100)
    features, targets = data("multiclass")
    found = fitted(features, targets, "multiclass", head="knn", reduction="none")
    assert (found.report["rows"], found.report["search_rows"]) == (240, 160)
    assert len(found.head.bank) == 240


@pytest.mark.parametrize(("problem", "head"), [("multiclass", "logistic"), ("regression", "auto")])
def test_all_layers_of_the_sample_are_enough(problem, head, monkeypatch):
    monkeypatch.setattr(sample, "SEARCH_ROWS", 50)
    features, targets = data(problem)
    (train, validation), asked = (features[:240], features[240:300]), []
    rows, others = (drawn_rows(count, 50, 7) for count in (240, 60))

    def read(readout):
        asked.append(readout)
        view = View(layers=readout.layers, weights=readout.weights, pooling=readout.pooling)
        return view.read(train).numpy()

    split = {"train": targets[:240], "validation": targets[240:300]}
    held = {"validation": validation[others], "validation_rows": others}
    some, whole = (
        fit(context(known, split, problem, tuple("abc"), SCORES[problem], seed=7), Options(head=head))
        for known in (
            LayerFeatures(train=train[rows], rows=rows, read=read, groups=np.arange(240) // 2, **held),
            LayerFeatures(train=train, validation=validation, groups=np.arange(240) // 2),
        )
    )
    assert asked == [*some.readouts]
    assert some.report["search_rows"] == 100
    assert {**some.report, "seconds": 0} == {**whole.report, "seconds": 0}
    assert all(torch.equal(value, whole.head.state_dict()[name]) for name, value in some.head.state_dict().items())


def test_rows_of_a_sample_are_named_by_their_place_among_all():
    features, targets = data("multiclass")
    rows = drawn_rows(240, 100, 0)
    train = features[rows]
    train[3, 1, 0, 0] = np.nan
    known = LayerFeatures(train=train, rows=rows, read=lambda readout: pytest.fail("nothing is chosen"))
    with pytest.raises(DataError, match=rf"layer 1 are not finite in 1 train rows.*train rows {rows[3] + 1},"):
        fit(context(known, {"train": targets[:240]}, "multiclass", tuple("abc"), SCORES["multiclass"]), Options())
    others = drawn_rows(60, 20, 0)
    held = features[240:300][others]
    held[5, 0, 1, 1] = np.inf
    known = replace(known, train=features[rows], validation=held, validation_rows=others)
    split = {"train": targets[:240], "validation": targets[240:300]}
    with pytest.raises(DataError, match=rf"layer 0 are not finite in 1 validation rows.*rows {others[5] + 1},"):
        fit(context(known, split, "multiclass", tuple("abc"), SCORES["multiclass"]), Options())


def test_a_score_that_is_nowhere_defined_is_survived():
    features, targets = data("multiclass")
    found = fitted(features, targets, "multiclass", score=lambda *_: float("nan"))
    assert found.report["score"] == -np.inf


@pytest.mark.parametrize(
    ("problem", "setting", "message"),
    [
        ("regression", {"head": "lda"}, r"head lda does not fit a regression task.*Allowed: auto, ridge, knn"),
        ("regression", {"head": "logistic"}, r"head logistic does not fit a regression task"),
        ("multilabel", {"head": "lda"}, r"head lda does not fit a multilabel task"),
        ("multilabel", {"reduction": "lda"}, r"LDA reduction does not fit a multilabel task"),
        ("regression", {"reduction": "lda"}, r"LDA reduction does not fit a regression task.*auto, none, pca"),
    ],
)
def test_what_does_not_fit_the_problem_is_refused(problem, setting, message):
    features, targets = data(problem)
    with pytest.raises(RefusedError, match=message):
        fitted(features, targets, problem, **setting)
