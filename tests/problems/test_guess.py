import pyarrow as pa
import pytest

from modaxfer.data.cells.labels import learn_labels
from modaxfer.data.origin import stamp
from modaxfer.problems.guess import guess_problem

COMBINED = ["a b", "c", "d", "a b;c", "a b;d", "c;d", ""] * 8


@pytest.mark.parametrize(
    ("cells", "problem", "why"),
    [
        ([" Yes", "Yes", "Yes ", "No", " No"] * 6, "binary", "2 distinct labels"),
        (["1.0", "0.0", "NaN", "1"] * 10, "binary", "2 distinct labels"),
        ([str(n % 30) for n in range(120)], "multiclass", "30 distinct labels"),
        ([str(n % 30 + 1) for n in range(120)], "multiclass", "30 distinct labels"),
        ([str(1950 + n % 60) for n in range(300)], "regression", "60 distinct numbers"),
        ([str(n * 7) for n in range(12)], "regression", "12 distinct numbers"),
        ([f"${n * 1000:,}" for n in range(40)], "regression", "40 distinct numbers"),
        ([f"{n},5" for n in range(40)], "regression", "40 distinct numbers"),
        (["unknown" if n % 10 == 0 else str(n * 37) for n in range(60)], "regression", "54 distinct numbers"),
        (COMBINED, "multilabel", "these look like several labels per row, separated by ';'"),
        (["['a', 'b']", "['a']"] * 20, "multilabel", "the text of lists"),
        (["Paris, France", "Lyon, France", "Rome, Italy"] * 10, "multiclass", "3 distinct labels"),
    ],
)
def test_the_guess_is_made_from_clean_labels(cells, problem, why):
    table = stamp(pa.table({"label": cells}), file="t.csv", typed=False, separator=";" if "0,5" in cells else ",")
    guess = guess_problem(table, "label", learn_labels(table, "label"))
    assert guess.problem is problem
    assert why in guess.why
