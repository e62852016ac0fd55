"""scikit-learn's own checks, on numbers ``[rows, columns]`` through the bridge from tables to pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

import modaxfer

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = {"strategy.layer": "last", "strategy.pooling": "mean", "head": "ridge", "reduction": "none"}

EXPECTED = {
    "check_classifiers_train": "a tiny encoder of random weights does not tell blobs of points apart",
    "check_methods_subset_invariance": "it asks for seven digits, and float32 over batches of other sizes has six",
    "check_regressors_train": "a tiny encoder of random weights has no linear function of its inputs",
}
"""Why a check may fail."""

CHEAP = (
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_sparse_array",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_fit1d",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)
"""Checks that fit nothing."""

ESTIMATORS = ("TransferClassifier", "TransferRegressor")


def checks(name: str) -> Iterator[Any]:
    """Yield the checks of an estimator and their names."""
    for estimator, check in estimator_checks_generator(getattr(modaxfer, name)(set=QUICK, device="cpu")):
        yield estimator, check, getattr(check, "func", check).__name__


@pytest.mark.parametrize("name", ESTIMATORS)
def test_checks_that_fit_nothing(name):
    looked = {each for estimator, check, each in checks(name) if each in CHEAP and check(estimator) is None}
    assert looked == set(CHEAP)


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_other_check(name, tiny):
    failed = {}
    for estimator, check, each in checks(name):
        if each in CHEAP or each in EXPECTED:
            continue
        try:
            check(estimator.set_params(encoder=str(tiny("vit"))))
        except SkipTest:
            continue  # scikit-learn has found nothing to check it with.
        except Exception as error:
            failed[each] = f"{type(error).__name__}: {error}"
    assert failed == {}, "\n".join(f"{name}: {text}" for name, text in failed.items())
