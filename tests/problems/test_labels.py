import numpy as np
import pyarrow as pa
import pytest

from modaxfer.data.origin import stamp
from modaxfer.errors import DataError
from modaxfer.problems.labels.names import class_order, unseen
from modaxfer.problems.labels.skew import skew_note
from modaxfer.registry import problem_of
from modaxfer.spec import Target
from problem_names import encode, read_labels, strata


def labels(values, problem="multiclass", typed=True, **options):
    table = stamp(pa.table({"label": values}), file="t", typed=typed)
    return read_labels(table, Target(problem=problem, **options))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([" a ", "", None, "b"], ["a", None, None, "b"]),
        ([3, None], ["3", None]),
        ([3.0, 2.5, float("nan")], ["3", "2.5", None]),
        ([True, False], ["true", "false"]),
    ],
)
def test_classes_are_strings(values, expected):
    assert labels(values) == expected


def test_multilabel_reads_lists_and_separated_text():
    assert labels([["b", "a", "a"], [], None], "multilabel") == [("a", "b"), (), None]
    assert labels(["b; a", "", None], "multilabel") == [("a", "b"), (), None]
    assert labels(["b|a", None], "multilabel", typed=False, separator="|") == [("a", "b"), ()]
    assert labels([1, 2], "multilabel") == [("1",), ("2",)]


def test_regression_tells_missing_from_no_number():
    found = labels(["1.5", "x", None], "regression")
    assert found[0] == 1.5
    assert np.isnan(found[1])
    assert found[2] is None


def test_lists_are_refused_where_one_class_is_wanted():
    with pytest.raises(DataError, match=r"the label column holds lists \(file t, column 'label'\).*multilabel"):
        labels([["a"]])


def test_class_order():
    assert class_order(["10", "9", "-1", None]) == ("-1", "9", "10")
    assert class_order(["10", "9", "a"]) == ("10", "9", "a")
    assert class_order([("b", "a"), ()]) == ("a", "b")
    assert class_order([1.0, 2.0]) == ()


def test_encoding():
    codes = encode(["b", "a"], "binary", ("a", "b"))
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 0]
    sets = encode([("a", "c"), ()], "multilabel", ("a", "b", "c"))
    assert sets.dtype == np.float32
    assert sets.tolist() == [[1, 0, 1], [0, 0, 0]]
    values = encode([1.5, 2], "regression", ())
    assert values.dtype == np.float64
    assert values.tolist() == [1.5, 2.0]
    assert encode([1e12, 1e12 + 1], "regression", ()).tolist() == [1e12, 1e12 + 1]


def test_labels_that_train_lacks_are_named_and_have_no_number():
    assert encode(["b", "z", "a"], "multiclass", ("a", "b")).tolist() == [1, -1, 0]
    assert unseen(["b", "z", "a"], ("a", "b")) == {1: ("z",)}
    assert encode([("a", "y", "z"), ("b",)], "multilabel", ("a", "b")).tolist() == [[1, 0], [0, 1]]
    assert unseen([("a", "y", "z"), ("b",)], ("a", "b")) == {0: ("y", "z")}
    assert unseen([1.0, 2.0], ()) == {}


def test_strata_of_each_problem():
    classes = strata(np.array([2, 0, 2]), "multiclass")
    assert classes.toarray().tolist() == [[False, True], [True, False], [False, True]]
    sets = strata(np.array([[1, 0], [0, 0]], dtype=np.float32), "multilabel")
    assert sets.toarray().tolist() == [[True, False, False], [False, False, True]]
    bins = strata(np.arange(100, dtype=np.float32), "regression")
    assert bins.shape == (100, 10)
    assert (bins.sum(axis=0) == 10).all()
    assert strata(np.zeros(50, dtype=np.float32), "regression").toarray().all()


CASES = {
    "binary": (["b", "a", "b"], ("a", "b")),
    "multiclass": (["b", "c", "a"], ("a", "b", "c")),
    "multilabel": ([("a", "c"), (), ("b",)], ("a", "b", "c")),
    "regression": ([1.5, -2.0, 3.0], ()),
}


@pytest.mark.parametrize("problem", CASES)
def test_what_is_shown_is_read_back(problem):
    own, classes = CASES[problem]
    kind = problem_of(problem).labels
    shown = kind.show(kind.encode(own, classes), classes)
    assert shown == [list(one) if isinstance(one, tuple) else one for one in own]
    np.testing.assert_array_equal(kind.parse(shown, classes), kind.encode(own, classes))
    assert kind.class_names(own, Target()) == (("a", "b", "c") if len(classes) == 3 else classes)


def test_classes_that_train_lacks_stand_behind_the_known_ones():
    single, several = problem_of("multiclass").labels, problem_of("multilabel").labels
    assert single.references(np.array([0, -1, 1]), {1: ("z",)}, ("y", "z"), 2).tolist() == [0, 3, 1]
    assert single.show(np.array([0, -1]), ("a", "b"), {1: ("z",)}) == ["a", "z"]
    targets = np.array([[1, 0], [0, 1]], np.float32)
    assert several.references(targets, {1: ("z",)}, ("y", "z"), 2).tolist() == [[1, 0, 0, 0], [0, 1, 0, 1]]
    assert several.show(targets, ("a", "b"), {1: ("z",)}) == [["a"], ["b", "z"]]


@pytest.mark.parametrize(
    ("problem", "own", "parted", "what"),
    [
        ("binary", ["a", "a"], False, "the training rows hold a single class"),
        ("binary", ["a", "b", "c"], False, "a binary task has two classes"),
        ("multiclass", ["a", "b"], True, "every class has a single row, so none can be tested"),
        ("multilabel", [(), ()], False, "no training row has any label"),
        ("regression", [2.0, 2.0], False, "the label never varies"),
    ],
)
def test_labels_that_teach_nothing_are_told(problem, own, parted, what):
    kind = problem_of(problem).labels
    found = kind.shortage(own, kind.class_names(own, Target()), parted=parted)
    assert found is not None
    assert found.what == what
    enough = CASES[problem][0] * 2
    assert kind.shortage(enough, kind.class_names(enough, Target()), parted=True) is None


def test_classes_are_counted_row_by_row():
    hits, wanted, said = problem_of("multiclass").labels.class_counts(["a", "b", "b"], ["a", "a", "b"], ("a", "b", "c"))
    assert (hits.tolist(), wanted.tolist(), said.tolist()) == ([1, 1, 0], [1, 2, 0], [2, 1, 0])
    hits, wanted, said = problem_of("multilabel").labels.class_counts([("a", "b")], [("b", "c")], ("a", "b", "c"))
    assert (hits.tolist(), wanted.tolist(), said.tolist()) == ([0, 1, 0], [1, 1, 0], [0, 1, 1])
    assert not len(problem_of("regression").labels.class_counts([1.0], [2.0], ())[0])


def test_values_of_which_a_few_decide_are_told():
    generator = np.random.default_rng(0)
    even, skewed = generator.normal(100, 10, 200), np.exp(generator.normal(0, 3, 200))
    assert skew_note("x", even.tolist()) == ""
    assert skew_note("x", (skewed - 1).tolist()) == "", "a logarithm would not do"
    assert skew_note("x", skewed[:20].tolist()) == ""
    said = skew_note("column 'price'", [None, float("nan"), *skewed])
    few = int(said.split()[2])
    far = np.sort((skewed - skewed.mean()) ** 2)[::-1]
    assert far[: few - 1].sum() < far.sum() / 2 <= far[:few].sum()
    assert "of 200 values make up half of the variance" in said
