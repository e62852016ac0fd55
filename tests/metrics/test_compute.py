from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modaxfer.errors import ConfigError, DataError, UnknownNameError
from modaxfer.metrics import bootstrap, compute, default_metrics, greater_is_better, weighted
from modaxfer.registry import registry
from problem_names import PROBLEMS

TRUE, SAID = np.array([0, 1, 1]), np.array([0, 1, 0])

MODULE = """
import datasets
import evaluate


class ShareRight(evaluate.Metric):
    def _info(self):
        number = datasets.Value("int64")
        features = datasets.Features({"predictions": number, "references": number})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references):
        right = sum(said == true for said, true in zip(predictions, references))
        return {"right": right / len(references), "rows": float(len(references))}
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    import evaluate

    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "share_right"
    folder.mkdir()
    (folder / "share_right.py").write_text(MODULE)
    return folder


def test_values_come_in_the_order_asked_for() -> None:
    found = compute(["f1_macro", "accuracy"], problem="binary", references=TRUE, predictions=SAID)
    assert list(found) == ["f1_macro", "accuracy"]
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("seed", range(3))
def test_quick_values_are_those_of_scikit_learn(problem, seed) -> None:
    generator, rows = np.random.default_rng(seed), 7
    scores = generator.random((rows, 3)).round(1)
    references, predictions = {
        "binary": generator.integers(0, 2, (2, rows)),
        "multiclass": generator.integers(0, 3, (2, rows)),
        "multilabel": generator.integers(0, 2, (2, rows, 3)),
        "regression": generator.normal(size=(2, rows)),
    }[problem]
    if problem == "regression":
        scores = None
    elif problem == "binary":
        scores = scores[:, :2]
    given = {"problem": problem, "references": references, "predictions": predictions, "scores": scores}
    names = default_metrics(problem)
    assert compute(names, **given, quick=True) == pytest.approx(compute(names, **given), nan_ok=True)


def test_a_metric_that_can_only_be_called_is_called_where_values_are_to_be_quick(module) -> None:
    name = f"evaluate:{module}#right"
    found = compute(
        [name, "accuracy"], problem="binary", references=TRUE, predictions=SAID, quick=True, trust_code=True
    )
    assert found == {name: pytest.approx(2 / 3), "accuracy": pytest.approx(2 / 3)}


def test_a_full_id_is_a_name_too() -> None:
    found = compute(["modaxfer/accuracy"], problem="binary", references=TRUE, predictions=SAID)
    assert found == {"modaxfer/accuracy": pytest.approx(2 / 3)}


def test_a_metric_of_another_problem_is_refused_with_those_that_apply() -> None:
    with pytest.raises(ConfigError, match=r"metric rmse does not apply to a binary problem.*Allowed: accuracy, "):
        compute(["rmse"], problem="binary", references=TRUE, predictions=SAID)
    with pytest.raises(
        ConfigError, match=r"accuracy does not apply to a regression problem.*Allowed: rmse, mae, mape, r2"
    ):
        compute(["accuracy"], problem="regression", references=TRUE, predictions=SAID)


def test_an_unknown_metric_is_refused_with_close_matches() -> None:
    with pytest.raises(UnknownNameError, match=r"acuracy.*did you mean.*accuracy"):
        compute(["acuracy"], problem="binary", references=TRUE, predictions=SAID)


@pytest.mark.parametrize("score", [compute, bootstrap])
def test_a_metric_that_needs_scores_says_so(score) -> None:
    with pytest.raises(ConfigError, match=r"need a score per class, not predictions alone\. Got: roc_auc"):
        score(["accuracy", "roc_auc"], problem="binary", references=TRUE, predictions=SAID)


@pytest.mark.parametrize("score", [compute, bootstrap])
def test_no_rows_is_an_error(score) -> None:
    with pytest.raises(DataError, match="no rows to score"):
        score(["accuracy"], problem="binary", references=TRUE[:0], predictions=SAID[:0])


def test_rows_must_match() -> None:
    with pytest.raises(DataError, match=r"references and predictions differ in rows\. Got: 3, 2"):
        compute(["accuracy"], problem="binary", references=TRUE, predictions=SAID[:2])


def test_a_local_evaluate_module_is_a_metric(module) -> None:
    name = f"evaluate:{module}#right"
    found = compute([name], problem="binary", references=TRUE, predictions=SAID, trust_code=True)
    assert found == {name: pytest.approx(2 / 3)}
    assert greater_is_better(name)


def test_an_evaluate_module_with_several_values_needs_a_key(module) -> None:
    with pytest.raises(ConfigError, match=r"several values and none is called 'share_right'\. Allowed: right, rows"):
        compute([f"evaluate:{module}"], problem="binary", references=TRUE, predictions=SAID, trust_code=True)


def test_an_evaluate_module_that_is_not_there_is_never_looked_for_on_the_hub(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"no local evaluate module at .*modules on the hub are not loaded"):
        compute(
            [f"evaluate:{tmp_path / 'rouge'}"],
            problem="binary",
            references=TRUE,
            predictions=SAID,
            trust_code=True,
        )


def test_an_evaluate_module_whose_imports_are_missing_says_which(module) -> None:
    (module / "share_right.py").write_text("import no_such_package_anywhere\n" + MODULE)
    with pytest.raises(ConfigError, match=r"cannot be imported.*no_such_package_anywhere"):
        compute([f"evaluate:{module}"], problem="binary", references=TRUE, predictions=SAID, trust_code=True)


@pytest.mark.parametrize("ask", [compute, bootstrap])
def test_an_evaluate_module_that_no_installed_task_names_is_never_run(module, tmp_path, ask) -> None:
    (module / "share_right.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n" + MODULE)
    with pytest.raises(ConfigError, match=r"run only where an installed task names it\. Got: evaluate:.*Fix: a run of"):
        ask([f"evaluate:{module}#right"], problem="binary", references=TRUE, predictions=SAID)
    assert not (tmp_path / "ran").exists()


def test_an_evaluate_module_that_an_installed_task_names_is_a_metric(module, monkeypatch) -> None:
    name = f"evaluate:{module}#right"
    task = registry().get("task", "breast-cancer")
    named = replace(task, spec=replace(task.spec, metrics=(name,)))
    known = registry().all
    monkeypatch.setattr(type(registry()), "all", lambda self, kind: (named,) if kind == "task" else known(kind))
    found = compute([name], problem="binary", references=TRUE, predictions=SAID)
    assert found == {name: pytest.approx(2 / 3)}


@pytest.mark.parametrize("classes", [2, 5, 8])
def test_few_classes_are_counted_to_the_digit_as_many_are(classes, monkeypatch) -> None:
    rng = np.random.default_rng(classes)
    references, predictions = rng.integers(0, classes, (2, 60))
    drawn = rng.multinomial(60, np.full(60, 1 / 60), size=20).astype(float)
    at_once = weighted.Classes(references, predictions).sums(drawn)
    monkeypatch.setattr(weighted, "FEW", 0)
    np.testing.assert_array_equal(at_once, weighted.Classes(references, predictions).sums(drawn))
