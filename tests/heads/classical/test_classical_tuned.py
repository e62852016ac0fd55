"""A head that is trained on with its body: one scale for all features, against scikit-learn, and what it bears."""

import numpy as np
import torch
from made import Options, classes_of, rows_of, values_of
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score

from heads_read import said
from modaxfer.contracts import LayerFeatures, SolverContext
from modaxfer.heads.classical import fit, fit_to_tune
from problem_names import criterion_of

KNOWN, FAINT = slice(0, 180), 3


def rows_with_a_faint_feature(size=1e-4):
    """Rows in which one feature hardly differs, and tells classes apart all the same."""
    rows = rows_of(240)
    targets = classes_of(rows)
    rows[:, FAINT] = size * (targets + np.random.default_rng(0).normal(size=240))
    return rows, targets


def fitted(rows, targets, problem, head, how=fit_to_tune):
    features = np.stack([rows, rows, rows], 1)[:, None]
    score = r2_score if problem == "regression" else accuracy_score
    context = SolverContext(
        features={"train": (LayerFeatures(train=features[KNOWN], validation=features[180:]),)},
        targets={"train": {"train": targets[KNOWN], "validation": targets[180:]}},
        problem=problem,
        classes=() if problem == "regression" else tuple("abc"),
        judge=lambda references, predictions, scores: score(references, predictions),
    )
    return how(context, Options(head=head, reduction="none", layer="last", pooling="mean"))


def divided(rows):
    """Return rows less their mean, divided by one number, and that number."""
    centred = rows.astype(np.float64) - rows[KNOWN].mean(0, dtype=np.float64)
    scale = float(np.sqrt(np.square(centred[KNOWN]).mean()))
    return centred / scale, scale


def test_it_is_a_ridge_on_features_divided_by_one_number():
    rows = rows_of(240)
    targets = values_of(rows)
    found = fitted(rows, targets, "regression", "ridge")
    values, _ = criterion_of("regression", 0, targets[KNOWN]).decode(said(found.head, torch.from_numpy(rows)))
    even, _ = divided(rows)
    expected = Ridge(alpha=found.report["penalty"]).fit(even[KNOWN], targets[KNOWN]).predict(even)
    np.testing.assert_allclose(values, expected, atol=1e-4 * targets.std())


def test_it_is_a_logistic_regression_on_features_divided_by_one_number():
    rows, targets = rows_with_a_faint_feature(1e-2)
    found = fitted(rows, targets, "multiclass", "logistic")
    even, scale = divided(rows)
    model = LogisticRegression(C=found.report["inverse_penalty"], tol=1e-10, max_iter=10000)
    model.fit(even[KNOWN], targets[KNOWN])
    np.testing.assert_allclose(found.head.linear.weight.detach() * scale, model.coef_, atol=1e-4)


def moved_logits(head, rows, by):
    """Return by how much logits move at most when the faint feature of every row moves by `by`."""
    other = rows.copy()
    other[:, FAINT] += by
    return float((said(head, torch.from_numpy(other)) - said(head, torch.from_numpy(rows))).detach().abs().max())


def test_a_feature_that_hardly_differed_may_move_and_logits_stay():
    rows, targets = rows_with_a_faint_feature()
    found = fitted(rows, targets, "multiclass", "logistic")
    scale = divided(rows)[1]
    # Of penalised weights, since those of zero cost rows * log(classes): |w| <= sqrt(2 C rows log(classes)).
    bound = np.sqrt(2 * found.report["inverse_penalty"] * 180 * np.log(3))
    assert moved_logits(found.head, rows, 0.1 * scale) <= 0.1 * bound
    # With a scale of its own for each feature the same step throws them off by thousands.
    assert moved_logits(fitted(rows, targets, "multiclass", "logistic", fit).head, rows, 0.1 * scale) > 1e3


def test_a_dead_feature_is_left_alone_by_every_head():
    """The last layer of all-MiniLM-L6-v2 has one that deviates by 2e-9 where others do by 0.3."""
    rows, targets = rows_with_a_faint_feature(1e-7)
    assert moved_logits(fitted(rows, targets, "multiclass", "logistic", fit).head, rows, 1.0) < 1e-3


def test_a_body_that_says_the_same_of_every_row_is_given_a_head_all_the_same():
    rows, targets = np.full((240, 6), 2.5, np.float32), np.arange(240) % 3
    head = fitted(rows, targets, "multiclass", "logistic").head
    assert torch.isfinite(said(head, torch.from_numpy(rows))).all()
