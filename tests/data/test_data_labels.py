import pyarrow as pa
import pytest

from modaxfer.data.cells.labels import cell_of, learn_labels
from modaxfer.data.origin import stamp
from modaxfer.errors import DataError
from modaxfer.spec import Target
from problem_names import label_notes, read_labels


def read(cells, problem="multiclass", typed=False, later=None, **options):
    train = stamp(pa.table({"label": cells}), file="t.csv", typed=typed)
    target = Target(problem=problem, **options)
    reading = learn_labels(train, "label")
    tables = [train, *([] if later is None else [stamp(pa.table({"label": later}), file="u.csv", typed=typed)])]
    return read_labels(tables[-1], target, reading), label_notes(tables, target, reading)


def test_whole_numbers_are_one_class_however_they_are_written():
    labels, notes = read(["1.0", "0.0", None], later=["1", "0", "1.000"])
    assert labels == ["1", "0", "1"]
    assert "'0', '0.0' are '0'; '1', '1.0', '1.000' are '1'" in notes[0]
    assert read(["1.0", "1.1", "2.0"])[0] == ["1.0", "1.1", "2.0"]
    assert read(["007", "7"])[0] == ["007", "7"]


def test_blanks_and_unicode_forms_make_no_classes():
    labels, notes = read(["Yes", " Yes", "Yes\u00a0", "cafe\u0301", "caf\u00e9"])
    assert labels == ["Yes", "Yes", "Yes", "caf\u00e9", "caf\u00e9"]
    assert "labels written in several ways are one class" in notes[0]


def test_case_makes_classes_and_is_said():
    labels, notes = read(["Yes", "yes", "No"])
    assert labels == ["Yes", "yes", "No"]
    assert "'Yes' and 'yes' differ in upper and lower case only" in notes[0]


def test_what_pandas_takes_for_a_gap_is_a_missing_label_in_a_file_without_types():
    labels, notes = read(["a", "NaN", "NA", "None", "null", "n/a", "NaN", "none"])
    assert labels == ["a", None, None, None, None, None, None, "none"]
    assert "cells without a label: 2 'NaN', 1 'NA', 1 'None'" in notes[0]
    assert read(["None", "a"], classes=("None", "a"))[0] == ["None", "a"]


def test_in_a_file_with_types_it_is_a_class_and_said():
    labels, notes = read(["None", "a", None, "NaN"], typed=True)
    assert labels == ["None", "a", None, None]
    assert any("'None' is a class (1 rows), for the file has types" in note for note in notes)


@pytest.mark.parametrize(
    "cells",
    [
        ["['a', 'b c']", "['a']", "[]"],
        ['["a", "b c"]', '["a"]', "[]"],
        ["{'a', 'b c'}", "{'a'}", "set()"],
        ["('a', 'b c')", "('a',)", "()"],
        ["['a' 'b c']", "['a']", "[]"],
        ["[a, b c]", "[a]", "[]"],
    ],
)
def test_the_text_of_lists_is_several_labels(cells):
    labels, notes = read(cells, "multilabel")
    assert labels == [("a", "b c"), ("a",), ()]
    assert "the text of lists is read as several labels" in notes[0]


def test_a_cell_written_for_train_is_read_by_it():
    sets = [("a;b", 'say "x"'), (), ("caf\u00e9, 'y'",)]
    assert read([cell_of(labels) for labels in sets], "multilabel")[0] == sets


def test_truth_values_are_written_as_in_train():
    assert read(["True", "False"], later=["true", "FALSE"])[0] == ["True", "False"]


def test_amounts_are_values():
    labels, notes = read(["$1,200.50", "$3.25", "n/a", "lots"] + ["$7"] * 20, "regression")
    assert labels[:3] == [1200.5, 3.25, None]
    assert notes == ("label column 'label': read as numbers, '$1,200.50' as 1200.5",)
    with pytest.raises(DataError, match=r"cannot be read as numbers .*'kg', 'g'.*plain numbers with a decimal point"):
        read(["1 kg", "2 g"] * 10, "regression")


def test_columns_of_indicators_are_a_set_of_labels():
    table = pa.table({"x": ["1", "0", ""], "y": [True, False, True]})
    target = Target(column="x, y", columns=("x", "y"), problem="multilabel")
    assert read_labels(table, target) == [("x", "y"), (), None]
    with pytest.raises(DataError, match=r"must hold 0 and 1 .*row 2, column 'x'\)\. Got: 2"):
        read_labels(pa.table({"x": [1, 2], "y": [0, 0]}), target)


def test_true_false_1_and_0_are_two_classes_whatever_the_split_writes():
    assert read(["True", "1", "false", "0.0"])[0] == ["True", "True", "false", "false"]
    labels, notes = read(["1", "0", "1"], later=["True", "FALSE", "0"])
    assert labels == ["1", "0", "0"]
    assert "'1', 'True' are '1'" in notes[0]
    assert read(["TRUE", "False"], later=["1", "0"])[0] == ["TRUE", "False"]
    assert read(["1", "2", "True"])[0] == ["1", "2", "True"]


@pytest.mark.parametrize(
    "cells", [['{"a": 1, "b": 0}'] * 4, ["{'a': True}"] * 4, ['[{"a": null}]'] * 4, [{"a": 1}] * 4, [[{"a": 1}]] * 4]
)
def test_objects_are_no_labels(cells):
    with pytest.raises(DataError, match=r"the labels are objects, not classes.*a column of 0 and 1 for each key"):
        read(cells, "multilabel")


def test_a_separator_that_no_cell_holds_is_said():
    labels, notes = read(["a b", "b"], "multilabel")
    assert labels == [("a b",), ("b",)]
    assert notes == (
        "label column 'label': no cell holds ';', so every row has one label; several labels are parted by ; | , or /",
    )
    assert read(["a;b", "b"], "multilabel")[1] == ()


def test_a_plain_label_among_the_text_of_lists_is_one_label():
    labels, notes = read(["['a', 'b']", "a", "[]", '["c"]'], "multilabel")
    assert labels == [("a", "b"), ("a",), (), ("c",)]
    assert notes == ("label column 'label': the text of lists is read as several labels",)
    assert read(["(none)", "[a]", "b"])[0] == ["(none)", "[a]", "b"]


def test_brackets_for_a_minus_are_said_of_values():
    labels, notes = read(["(1.5)", "2", "3.5"], "regression")
    assert labels == [-1.5, 2, 3.5]
    assert notes == ("label column 'label': read as numbers, '(1.5)' as -1.5",)
