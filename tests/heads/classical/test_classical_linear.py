"""Ridge, LDA and logistic regression, folded into one affine map, against scikit-learn's pipelines."""

import numpy as np
import pytest
import torch
from made import classes_of, folds_of, labels_of, rows_of, space_of, values_of
from scipy.linalg import eigh
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, RidgeCV
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from heads_read import said
from modaxfer.heads.classical.discriminant import discriminant_directions, solve_discriminant
from modaxfer.heads.classical.family import head_named
from modaxfer.heads.classical.logistic import solve_logistic
from modaxfer.heads.classical.reduction import reduce_linearly
from modaxfer.heads.classical.ridge import solve_ridge

SIZES = (60, 50, 70, 40)
ROWS = rows_of(220)
TRAIN = ROWS[:180]
EXACT = ROWS.astype(np.float64)
"""For the references: on float32 rows scikit-learn's L-BFGS stops after three digits."""
EXACT_TRAIN = EXACT[:180]


def exact_logistic(penalty=0.1, **options):
    return LogisticRegression(C=penalty, tol=1e-10, max_iter=10000, **options)


def expected_by_fold(model, targets, method):
    """Return what `model` says of every row when fitted as the splits are."""
    said = [
        getattr(clone(model).fit(EXACT[known], targets[known]), method)(EXACT[held]) for known, held in folds_of(SIZES)
    ]
    return np.concatenate(said)


def test_held_out_ridge_is_scikit_learns():
    targets = values_of(ROWS)
    space, criterion = space_of(ROWS, targets, "regression", sizes=SIZES)
    values, _ = criterion.decode(space.cut.held_out(solve_ridge(space, 7.0)))
    expected = expected_by_fold(make_pipeline(StandardScaler(), Ridge(alpha=7.0)), targets, "predict")
    np.testing.assert_allclose(values, expected, atol=2e-3)  # 1e-4 of the target's deviation


def test_one_row_per_fold_is_leave_one_out():
    rows = rows_of(24, width=5)
    targets = values_of(rows)
    space, criterion = space_of(rows, targets, "regression", sizes=(*[1] * 24, 0))
    values, _ = criterion.decode(space.cut.held_out(solve_ridge(space, 2.0)))
    model = make_pipeline(StandardScaler(), Ridge(alpha=2.0))
    expected = cross_val_predict(model, rows, targets, cv=LeaveOneOut())
    np.testing.assert_allclose(values, expected, atol=1e-4 * targets.std())


def test_leave_one_out_chooses_the_penalty_that_ridgecv_chooses():
    rows = rows_of(40, width=10, seed=4)
    targets = values_of(rows, seed=4)
    penalties = head_named("ridge").grid
    reference = RidgeCV(alphas=penalties).fit(StandardScaler().fit_transform(rows), targets)
    space, criterion = space_of(rows, targets, "regression", sizes=(*[1] * 40, 0))
    errors = []
    for penalty in penalties:
        values, _ = criterion.decode(space.cut.held_out(solve_ridge(space, penalty)))
        errors.append(float(np.square(values - targets).mean()))
    assert penalties[int(np.argmin(errors))] == reference.alpha_


def test_held_out_ridge_classes_are_scikit_learns():
    targets = classes_of(ROWS)
    space, _ = space_of(ROWS, targets, "multiclass", sizes=SIZES)
    outputs = 2 * space.cut.held_out(solve_ridge(space, 7.0)) - 1
    model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=7.0))
    np.testing.assert_allclose(outputs, expected_by_fold(model, targets, "decision_function"), atol=1e-4)


def test_weighted_ridge_is_scikit_learns():
    targets = classes_of(TRAIN)
    space, _ = space_of(TRAIN, targets, "multiclass", balanced=True)
    head, _ = head_named("ridge").fit(space, 7.0, "softmax", None)
    model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=7.0, class_weight="balanced"))
    expected = model.fit(EXACT_TRAIN, targets).decision_function(EXACT)
    np.testing.assert_allclose(2 * said(head, torch.from_numpy(ROWS)).detach() - 1, expected, atol=1e-4)


@pytest.mark.parametrize("shrinkage", [0.05, 0.6])
def test_held_out_lda_is_scikit_learns(shrinkage):
    targets = classes_of(ROWS)
    space, criterion = space_of(ROWS, targets, "multiclass", sizes=SIZES)
    _, chances = criterion.decode(space.cut.held_out(solve_discriminant(space, shrinkage)))
    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage))
    np.testing.assert_allclose(chances, expected_by_fold(model, targets, "predict_proba"), atol=1e-4)


def test_balanced_lda_has_equal_priors():
    targets = classes_of(TRAIN)
    space, criterion = space_of(TRAIN, targets, "multiclass", balanced=True)
    head, _ = head_named("lda").fit(space, 0.3, "softmax", None)
    _, chances = criterion.decode(said(head, torch.from_numpy(ROWS)))
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3, priors=np.full(3, 1 / 3))
    expected = make_pipeline(StandardScaler(), model).fit(EXACT_TRAIN, targets).predict_proba(EXACT)
    np.testing.assert_allclose(chances, expected, atol=1e-4)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize(("problem", "classes"), [("binary", 2), ("multiclass", 3)])
def test_folded_logistic_is_scikit_learns(problem, classes, balanced):
    targets = classes_of(TRAIN, classes)
    space, criterion = space_of(TRAIN, targets, problem, classes=classes, balanced=balanced)
    head, converged = head_named("logistic").fit(space, 0.1, "softmax", None)
    model = make_pipeline(StandardScaler(), exact_logistic(class_weight="balanced" if balanced else None))
    model.fit(EXACT_TRAIN, targets)
    _, chances = criterion.decode(said(head, torch.from_numpy(ROWS)))
    np.testing.assert_allclose(chances, model.predict_proba(EXACT), atol=1e-4)
    coefficients = model[-1].coef_ / model[0].scale_
    weight = head.linear.weight.detach().numpy()
    folded = weight[1:] - weight[:1] if problem == "binary" else weight
    np.testing.assert_allclose(folded * model[0].scale_, coefficients * model[0].scale_, atol=1e-4)
    assert converged


def test_held_out_logistic_is_scikit_learns():
    targets = classes_of(ROWS)
    space, criterion = space_of(ROWS, targets, "multiclass", sizes=SIZES)
    _, chances = criterion.decode(space.cut.held_out(solve_logistic(space, 0.1, "softmax").maps))
    model = make_pipeline(StandardScaler(), exact_logistic())
    np.testing.assert_allclose(chances, expected_by_fold(model, targets, "predict_proba"), atol=1e-4)


@pytest.mark.parametrize("balanced", [False, True])
def test_multilabel_logistic_is_one_against_the_rest(balanced):
    targets = labels_of(TRAIN)
    space, criterion = space_of(TRAIN, targets, "multilabel", balanced=balanced)
    head, _ = head_named("logistic").fit(space, 0.1, "sigmoid", None)
    model = exact_logistic(class_weight="balanced" if balanced else None)
    reference = make_pipeline(StandardScaler(), OneVsRestClassifier(model)).fit(EXACT_TRAIN, targets)
    _, chances = criterion.decode(said(head, torch.from_numpy(ROWS)))
    np.testing.assert_allclose(chances, reference.predict_proba(EXACT), atol=1e-4)


@pytest.mark.parametrize("exact", [True, False])
def test_a_warm_start_ends_where_a_cold_one_does(exact):
    targets = classes_of(TRAIN)
    space, criterion = space_of(TRAIN, targets, "multiclass")
    near = solve_logistic(space, 0.03, "softmax")
    warm = solve_logistic(space, 0.1, "softmax", start=near, exact=exact)
    cold = solve_logistic(space, 0.1, "softmax")
    chances = [criterion.decode(space.cut.held_out(fit.maps))[1] for fit in (warm, cold)]
    np.testing.assert_allclose(*chances, atol=1e-4 if exact else 1e-2)
    assert warm.converged
    assert warm.steps <= cold.steps + 2


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_a_class_that_a_split_never_sees_gets_no_chance_there(problem):
    classes = 2 if problem == "binary" else 3
    targets = classes_of(TRAIN, classes)
    targets[:90][targets[:90] == classes - 1] = 0
    targets[90:] = classes - 1
    space, criterion = space_of(TRAIN, targets, problem, classes=classes, sizes=(90, 90, 0))
    for maps in (
        solve_logistic(space, 0.1, "softmax").maps,
        solve_discriminant(space, 0.3),
    ):
        outputs = space.cut.held_out(maps)
        assert torch.isfinite(outputs).all()
        _, chances = criterion.decode(outputs)
        assert chances[90:, classes - 1].max() < 1e-3


def test_a_label_that_never_occurs_stays_out():
    targets = labels_of(TRAIN)
    targets[:, 2] = 0
    space, criterion = space_of(TRAIN, targets, "multilabel")
    head, converged = head_named("logistic").fit(space, 0.1, "sigmoid", None)
    _, chances = criterion.decode(said(head, torch.from_numpy(ROWS)))
    assert chances[:, 2].max() < 1e-3
    assert converged


@pytest.mark.parametrize(
    ("head", "value", "model"),
    [
        ("logistic", 0.1, exact_logistic()),
        ("lda", 0.3, LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)),
    ],
)
def test_folded_pca_and_head_are_scikit_learns(head, value, model):
    targets = classes_of(TRAIN)
    space, criterion = space_of(TRAIN, targets, "multiclass")
    folded, _ = head_named(head).fit(reduce_linearly(space, "pca", 5), value, "softmax", None)
    expected = make_pipeline(StandardScaler(), PCA(5), model).fit(EXACT_TRAIN, targets).predict_proba(EXACT)
    _, chances = criterion.decode(said(folded, torch.from_numpy(ROWS)))
    np.testing.assert_allclose(chances, expected, atol=1e-4)


def test_folded_pca_and_ridge_are_scikit_learns():
    targets = values_of(TRAIN)
    space, criterion = space_of(TRAIN, targets, "regression")
    folded, _ = head_named("ridge").fit(reduce_linearly(space, "pca", 5), 7.0, "identity", None)
    expected = make_pipeline(StandardScaler(), PCA(5), Ridge(alpha=7.0)).fit(EXACT_TRAIN, targets).predict(EXACT)
    values, _ = criterion.decode(said(folded, torch.from_numpy(ROWS)))
    np.testing.assert_allclose(values, expected, atol=1e-4 * targets.std())


def test_discriminant_directions_are_scikit_learns_up_to_sign():
    targets = classes_of(TRAIN)
    space, _ = space_of(TRAIN, targets, "multiclass")
    directions = discriminant_directions(space, 10, shrinkage=0.0)[0].numpy()
    scaled = StandardScaler().fit_transform(EXACT_TRAIN)
    expected = LinearDiscriminantAnalysis(solver="eigen").fit(scaled, targets).scalings_[:, :2]
    assert directions.shape == (12, 2)
    np.testing.assert_allclose(np.abs(directions), np.abs(expected), atol=1e-3)


def test_shrunk_discriminant_directions_solve_fishers_problem():
    targets = classes_of(TRAIN)
    space, _ = space_of(TRAIN, targets, "multiclass")
    directions = discriminant_directions(space, 10, shrinkage=0.3)[0].double().numpy()
    scaled = StandardScaler().fit_transform(EXACT_TRAIN)
    means = np.stack([scaled[targets == number].mean(0) for number in range(3)])
    within = np.cov((scaled - means[targets]).T, bias=True)
    within = 0.7 * within + 0.3 * np.trace(within) / 12 * np.eye(12)
    between = np.cov(means[targets].T, bias=True)
    expected = eigh(between, within)[1][:, :-3:-1]
    np.testing.assert_allclose(np.abs(directions), np.abs(expected), atol=1e-3)


def test_a_folded_lda_reduction_gives_what_its_steps_give():
    targets = classes_of(TRAIN)
    space, criterion = space_of(TRAIN, targets, "multiclass")
    reduced = reduce_linearly(space, "lda", 10)
    folded, _ = head_named("logistic").fit(reduced, 0.1, "softmax", None)
    projected = (StandardScaler().fit_transform(EXACT_TRAIN)) @ discriminant_directions(space, 10, 0.3)[0].numpy()
    expected = exact_logistic().fit(projected, targets).predict_proba(projected)
    _, chances = criterion.decode(said(folded, torch.from_numpy(TRAIN)))
    np.testing.assert_allclose(chances, expected, atol=1e-4)
