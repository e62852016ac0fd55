"""Each check of tasks finds the broken twin that is made for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from made_subjects import subject_of
from modaxfer.spec import IMAGE, TABLE, Field, SampleSource, SplitPolicy
from modaxfer.testing import CheckFailedError
from modaxfer.testing.checks import task_contract, tasks
from modaxfer.testing.checks.task_contract import task_case
from modaxfer.testing.material.small_tasks import spec, store, texts

GROUP = SplitPolicy(group=("label",))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = store(tmp_path_factory.mktemp("rows"), train=texts(20), validation=texts(8, 20), test=texts(8, 28))
    return task_case(spec(), folder)


def data(case, **changes):
    return replace(case, data=replace(case.data, **changes))


def empty(case):
    return data(case, splits={**case.data.splits, "validation": case.data.splits["validation"].select([])})


def namesake(case):
    return data(case, splits={**case.data.splits, "validation": case.data.splits["train"]})


def short(case):
    return data(case, targets={**case.data.targets, "train": case.data.targets["train"][:-1]})


def classless(case):
    return data(case, classes=("a", "b", "c"))


def strange(case):
    return replace(case, tables={**case.tables, "test": pa.table({"text": ["one"], "label": ["c"]})})


def copied(case):
    return data(case, digests={**case.data.digests, "test": case.data.digests["train"][:3]})


def parted(case):
    return replace(case, spec=replace(case.spec, splits=GROUP), data=with_label(case.data))


def with_label(data):
    add = lambda rows: rows.add_column("label", ["a"] * len(rows))  # noqa: E731
    return replace(data, splits={split: add(rows) for split, rows in data.splits.items()})


def unreadable(case):
    return data(case, fields=(Field(name="text", signal=IMAGE),))


def lacking(case):
    return replace(case, spec=replace(case.spec, keep=("speaker",)))


BROKEN = [
    ("splits", empty, r"has no rows in a split.*Fix: fill \['validation'\]"),
    ("splits", namesake, r"has two rows of one name\. Got: \d+ names twice"),
    ("splits", short, r"does not have one target of each row\. Got: 19\. Allowed: 20"),
    ("splits", classless, r"has classes without a row in train\. Got: c"),
    ("known_labels", strange, r"has labels in test that are none of its classes\. Got: c\. Allowed: a, b"),
    ("apart", copied, r"has rows in train and in test\. Got: 3 with the same inputs"),
    ("apart", parted, r"has groups in train and in validation\. Got: label: "),
    ("readable", unreadable, r"text of row train-\d+ cannot be read as image\. Got: "),
    ("readable", lacking, r"keeps columns that its rows do not have\. Got: speaker"),
]


@pytest.mark.parametrize(("check", "damage", "message"), BROKEN, ids=[damage.__name__ for _, damage, _ in BROKEN])
def test_a_broken_task_is_found_out(sound, check, damage, message):
    require = getattr(task_contract, f"require_{check}")
    require(sound)
    with pytest.raises(CheckFailedError, match=message):
        require(damage(sound))


def test_other_rows_each_time_are_found_out(sound):
    task_contract.require_same_again(sound, sound)
    with pytest.raises(CheckFailedError, match="has other rows each time"):
        task_contract.require_same_again(sound, data(sound, fingerprint="another"))
    swapped = {**sound.data.splits, "test": sound.data.splits["validation"]}
    with pytest.raises(CheckFailedError, match=r"parts its rows in another way each time\. Got: test"):
        task_contract.require_same_again(sound, data(sound, splits=swapped))


def deaf(seed):
    return {"train": pa.table(texts(40))}


CALLS = []


def restless(seed):
    CALLS.append(seed)
    return {"train": pa.table(texts(40, len(CALLS)))}


@pytest.mark.parametrize(
    ("maker", "message"), [(deaf, "same rows by another seed"), (restless, "other rows by the same")]
)
def test_a_sample_that_does_not_follow_its_seed_is_found_out(maker, message):
    made = spec()
    made = replace(made, sources=(SampleSource(target=f"{__name__}:{maker.__name__}"),))
    subject = subject_of("task", made)
    with pytest.raises(CheckFailedError, match=message):
        tasks.is_seeded.run(subject)


@pytest.mark.parametrize(("labels", "told"), [((0, 0), True), ((0, 1), False)])
def test_equal_rows_of_a_table_are_one_row_where_their_labels_agree(sound, labels, told):
    table = replace(sound.spec, fields=(Field(name="text", signal=TABLE),))
    train = sound.data.digests["train"]
    targets = np.array([*labels, *sound.data.targets["train"][2:]])
    case = replace(
        data(sound, digests={**sound.data.digests, "train": [train[0], *train[:1], *train[2:]], "test": train[:3]},
             targets={**sound.data.targets, "train": targets}),
        spec=table,
    )  # fmt: skip
    if not told:
        task_contract.require_apart(case)
        return
    with pytest.raises(CheckFailedError, match="with the same inputs"):
        task_contract.require_apart(case)
