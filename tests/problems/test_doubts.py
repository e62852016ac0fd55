"""Classes that look like something else are told as what they look like."""

from __future__ import annotations

import datetime
import re

import pyarrow as pa
import pytest

from modaxfer.data.origin import stamp
from modaxfer.problems import ClassLabels
from modaxfer.spec import Target

DAYS = [datetime.date(2024, 1, 1) + datetime.timedelta(days=n % 84) for n in range(120)]
TEXTS = [f"the text number {n} says something" for n in range(60)]


def said(labels, *, classes=(), typed=True):
    table = stamp(pa.table({"when": labels}), file="t", typed=typed)
    target = Target(column="when", problem="multiclass", classes=classes)
    kind = ClassLabels()
    return kind.notes([table], target, kind.learn(table, target))


@pytest.mark.parametrize(
    ("labels", "looks"),
    [
        (
            [day.isoformat() for day in DAYS],
            r"looks like dates, and each of 84 in 120 rows is a class of its own",
        ),
        (DAYS, "looks like dates"),
        ([day.strftime("%d.%m.%Y") for day in DAYS], "looks like dates"),
        ([day.strftime("%Y%m%d") for day in DAYS], "looks like dates"),
        ([f"{n % 40}.{n % 7}" for n in range(200)], "looks like continuous numbers.*--problem regression"),
        ([n % 40 + 0.25 for n in range(200)], "looks like continuous numbers.*--problem regression"),
        (TEXTS * 2, "looks like free text, and each of 60 in 120.*--text takes it as an input"),
        (
            [f"id{n // 2 if n < 20 else n}" for n in range(90)],
            "nearly as many values as rows.*name another column with",
        ),
    ],
)
def test_what_looks_like_no_classes_is_told(labels, looks):
    (line,) = said(labels, typed=not isinstance(labels[0], str))
    assert line.startswith("label column 'when' ")
    assert re.search(looks, line)


@pytest.mark.parametrize(
    "labels",
    [
        [f"class {n % 30}" for n in range(90)],
        [str(n % 30) for n in range(90)],
        [f"2024-0{n % 9 + 1}" for n in range(90)],
        [f"a class of many words {n % 12}" for n in range(600)],
    ],
)
def test_classes_are_not_doubted(labels):
    assert said(labels, typed=False) == ()


def test_classes_that_a_task_names_are_not_doubted():
    assert said(TEXTS, classes=tuple(TEXTS)) == ()
