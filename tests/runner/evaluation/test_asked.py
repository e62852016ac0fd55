"""What a split asks: classes that train lacks against scikit-learn on the raw strings; which rows belong together."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import metrics
from sklearn.preprocessing import MultiLabelBinarizer

from modaxfer.contracts import Answers, Sealed
from modaxfer.errors import RunFailedError
from modaxfer.metrics import compute
from modaxfer.problems.labels.names import unseen
from modaxfer.runner.evaluation.asked import asked
from modaxfer.spec import TABLE, TEXT, Field, SplitPolicy, Target
from problem_names import encode

TEXT_FIELD = (Field(name="text", signal=TEXT),)
KNOWN = ("bird", "cat", "dog")


def posed(problem="multiclass", policy=SplitPolicy()):  # noqa: B008
    return SimpleNamespace(target=Target(problem=problem), splits=policy)


def rows(labels, problem, classes=KNOWN, digests=None, **columns):
    answers = Answers(targets=encode(labels, problem, classes), unseen=unseen(labels, classes))
    return SimpleNamespace(
        splits={"test": columns},
        sealed={"test": Sealed(answers)},
        classes=classes,
        digests={"test": digests or [bytes([n]) for n in range(len(labels))]},
    )


def test_classes_that_train_lacks_score_as_scikit_learn_scores_the_strings() -> None:
    generator = np.random.default_rng(0)
    truth = generator.choice(["bird", "cat", "dog", "fish", "frog", "ant"], 90)
    said = np.where(generator.random(90) < 0.6, truth, "dog")
    said = np.where(np.isin(said, KNOWN), said, "cat")
    ask = asked(rows(list(truth), "multiclass"), posed(), TEXT_FIELD, "test")
    assert ask.strange == ("ant", "fish", "frog")
    assert ask.known.tolist() == np.isin(truth, KNOWN).tolist()
    scores = generator.random((90, 3))
    names = ["accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef", "recall_macro", "precision_macro"]
    given = {
        "problem": "multiclass",
        "references": ask.references,
        "predictions": encode(list(said), "multiclass", KNOWN),
        "scores": scores,
    }
    recalls = metrics.recall_score(truth, said, labels=np.unique(truth), average=None)
    expected = {
        "accuracy": metrics.accuracy_score(truth, said),
        "f1_macro": metrics.f1_score(truth, said, average="macro"),
        "balanced_accuracy": recalls.mean(),
        "matthews_corrcoef": metrics.matthews_corrcoef(truth, said),
        "recall_macro": metrics.recall_score(truth, said, average="macro"),
        "precision_macro": metrics.precision_score(truth, said, average="macro", zero_division=0),
        # Each known class against all other rows, those of unknown classes among them.
        "roc_auc": np.mean([metrics.roc_auc_score(truth == name, scores[:, at]) for at, name in enumerate(KNOWN)]),
    }
    for quick in (False, True):
        assert compute([*names, "roc_auc"], quick=quick, **given) == pytest.approx(expected)


def test_labels_that_train_lacks_are_labels_missed() -> None:
    truth = [("cat", "fish"), ("dog",), ("frog",), (), ("bird", "cat")]
    said = [("cat",), ("dog", "bird"), (), (), ("bird", "cat")]
    ask = asked(rows(truth, "multilabel"), posed("multilabel"), TEXT_FIELD, "test")
    everyone = MultiLabelBinarizer(classes=[*KNOWN, "fish", "frog"])
    right, claimed = everyone.fit_transform(truth), everyone.transform(said)
    given = {
        "problem": "multilabel",
        "references": ask.references,
        "predictions": encode(said, "multilabel", KNOWN),
        "scores": np.random.default_rng(0).random((5, 3)),
    }
    expected = {
        "accuracy": metrics.accuracy_score(right, claimed),
        "f1_macro": metrics.f1_score(right, claimed, average="macro", zero_division=0),
        "f1_micro": metrics.f1_score(right, claimed, average="micro"),
    }
    for quick in (False, True):
        found = compute([*expected, "roc_auc"], quick=quick, **given)
        assert {name: found[name] for name in expected} == pytest.approx(expected)
        assert np.isfinite(found["roc_auc"])


def test_rows_of_one_group_belong_together_and_so_do_equal_inputs() -> None:
    policy = SplitPolicy(group=("speaker",))
    data = rows(
        ["cat"] * 6,
        "multiclass",
        speaker=["ann", "bob", "ann", None, None, "cid"],
        digests=[b"0", b"1", b"2", b"3", b"4", b"1"],
    )
    clusters = asked(data, posed(policy=policy), TEXT_FIELD, "test").clusters
    assert clusters is not None
    # A missing value makes nobody a twin; bob and cid share an input.
    assert clusters.numbers.tolist() == [0, 1, 0, 2, 3, 1]
    assert (clusters.count, clusters.by) == (4, "the same speaker or equal inputs")


def test_rows_that_share_nothing_stand_alone() -> None:
    ask = asked(rows(["cat"] * 4, "multiclass"), posed(), TEXT_FIELD, "test")
    assert ask.clusters is None
    assert ask.units is None
    assert ask.to_dict() == {"rows": 4, "units": 4, "by": ""}


def test_equal_rows_of_a_coarse_table_are_separate_observations() -> None:
    table, text = (rows(["cat"] * 9, "multiclass", digests=[b"0", b"1", b"2"] * 3) for _ in range(2))
    assert asked(table, posed(), (Field(name="a", signal=TABLE),), "test").clusters is None
    assert asked(text, posed(), TEXT_FIELD, "test").to_dict()["units"] == 3


def test_the_answers_are_read_once_and_handed_on_as_they_were_stored() -> None:
    data = rows(["cat", "fish", "dog"], "multiclass")
    ask = asked(data, posed(), TEXT_FIELD, "test")
    assert (ask.answers.targets.tolist(), ask.answers.unseen) == ([1, -1, 2], {1: ("fish",)})
    part = ask.only(np.array([1, 2]))
    assert (part.answers.targets.tolist(), part.answers.unseen) == ([-1, 2], {0: ("fish",)})
    with pytest.raises(RunFailedError, match="targets of a sealed split are read twice in one run"):
        asked(data, posed(), TEXT_FIELD, "test")


def test_few_groups_are_said_to_be_too_few() -> None:
    task = posed(policy=SplitPolicy(group=("speaker",)))
    few = asked(rows(["cat"] * 30, "multiclass", speaker=[n % 3 for n in range(30)]), task, TEXT_FIELD, "test")
    assert few.too_few == (
        "intervals are drawn over 3 groups of rows with the same speaker: "
        "fewer than 10 make them too narrow to rely on",
    )
    assert few.to_dict() == {"rows": 30, "units": 3, "by": "the same speaker"}
    many = asked(rows(["cat"] * 30, "multiclass", speaker=[n % 12 for n in range(30)]), task, TEXT_FIELD, "test")
    assert many.too_few == asked(rows(["cat"] * 3, "multiclass"), posed(), TEXT_FIELD, "test").too_few == ()
