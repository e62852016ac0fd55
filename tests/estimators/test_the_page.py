"""The page on features and estimators, run from its first block to its last with tiny models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import modaxfer
from modaxfer.estimators.transfer import NO_TEST

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "features-and-estimators.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def said(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the page in a folder with a file of reviews, and return what it has named."""
    folder = tmp_path_factory.mktemp("page")
    random = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(30)])
    moods = np.array(["bad", "good"] * 20)
    texts = [" ".join(random.choice(words[:20] if mood == "good" else words[10:], 6)) for mood in moods]
    pd.DataFrame({"review": texts, "sentiment": moods}).to_csv(folder / "reviews.csv", index=False)
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in BLOCKS:
            exec(compile(block.replace("bert-tiny", str(tiny("bert"))), str(PAGE), "exec"), names)
        yield names


def test_features_stand_in_the_order_of_the_rows(said):
    assert said["vectors"].shape == (40, said["frame"].shape[1])
    np.testing.assert_array_equal(said["vectors"], said["frame"].to_numpy())
    assert list(said["frame"].index) == list(said["reviews"].index)
    assert list(pd.read_parquet(said["path"])["row_id"]) == [str(number) for number in range(1, 41)]


def test_what_a_classifier_says(said):
    model, new = said["model"], said["new"]
    assert list(model.classes_) == ["bad", "good"]
    probabilities = model.predict_proba(new["review"])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert list(model.predict(new["review"])) == list(model.classes_[probabilities.argmax(axis=1)])
    assert list(said["search"].cv_results_["params"][0]) == ["set"]


def test_the_run_of_an_estimator_says_that_it_has_no_test_split(said):
    assert NO_TEST in said["model"].run_.result.warnings


def test_what_a_run_has(said):
    run, new = said["run"], said["new"]
    assert run.confusion.to_numpy().sum() == len(run.predictions)
    assert list(run.confusion.columns) == ["bad", "good"]
    assert list(run.history.columns)[:3] == ["phase", "epoch", "step"]
    own = run.features(run.predictions["review"])
    np.testing.assert_allclose(run.features(), own, atol=1e-5)
    assert run.features(new).shape == (len(new), own.shape[1])
    assert isinstance(run.plot(), list)


def test_an_estimator_goes_with_its_folder(said):
    import gc

    from sklearn.base import clone

    model = clone(said["model"])
    assert not hasattr(model, "classes_")
    fitted = said["joblib"].load("model.joblib")
    folder = fitted.run_.folder
    assert folder != said["model"].run_.folder
    assert folder.is_dir()
    del fitted
    gc.collect()
    assert not folder.exists()


def test_mistakes_are_told(said):
    model = said["model"]
    with pytest.raises(ValueError, match="one class: 'good'"):
        modaxfer.TransferClassifier("bert").fit(["a", "b", "c", "d"], ["good"] * 4)
    with pytest.raises(ValueError, match="different lengths: 3 and 4"):
        modaxfer.TransferClassifier("bert").fit(["a", "b", "c"], ["good", "bad"] * 2)
    with pytest.raises(ValueError, match="contains None or NaN: 1 of 4, the first at 2"):
        modaxfer.TransferClassifier("bert").fit(list("abcd"), ["good", "bad", None, "bad"])
    with pytest.raises(ValueError, match="n_samples = 3 is too few"):
        modaxfer.TransferRegressor("bert").fit(["a", "b", "c"], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="a share between 0 and 1, got 2"):
        modaxfer.TransferRegressor("bert", validation_fraction=2).fit(list("abcd"), [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match="NaN or infinity"):
        modaxfer.TransferRegressor("bert").fit(list("abcd"), [1.0, np.nan, 3.0, 4.0])
    with pytest.raises(modaxfer.ModaxferError, match=r"rows cannot be predicted.*row 2"):
        model.predict(["word1", ""])
