"""Tags as labels, and what a head learns of them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch.nn import functional

from modaxfer.contracts import UNSEEN, ragged
from modaxfer.errors import ConfigError, DataError
from modaxfer.metrics.tagged import span_f1, tag_accuracy
from modaxfer.problems.criteria.tags import TagSoftmax
from modaxfer.problems.labels.tags import TagLabels
from modaxfer.problems.tagging import Tagging
from modaxfer.spec import IMAGE, WORDS, Field, Target

LABELS = TagLabels()
TARGET = Target(column="tags")
TRAIN = LABELS.encode([("O", "B-PER", "I-PER"), ("O", "O"), ("B-PER",)], ())


def read(cells):
    return LABELS.read(pa.table({"tags": cells}), TARGET, None)


def listed(rows):
    return [list(row) for row in rows]


@pytest.mark.parametrize("cells", [[["O", "B-PER"], None, []], ['["O", "B-PER"]', "", "[]"], ["O B-PER", None, "[]"]])
def test_lists_and_their_texts_are_tags(cells):
    assert read(cells) == [("O", "B-PER"), None, ()]


def test_a_missing_tag_keeps_its_place():
    assert read([["O", None]]) == [("O", "")]


@pytest.mark.parametrize("cells", [[1, 2], [{"a": 1}], [[["O"]]]])
def test_what_is_no_list_is_refused(cells):
    with pytest.raises(DataError, match="the tags are not lists"):
        LABELS.learn(pa.table({"tags": cells}), TARGET)


def test_tags_stand_in_targets_as_they_are_whether_train_has_them_or_not():
    assert LABELS.class_names([("O", "B-PER"), ("O",)], Target(classes=("B-LOC",))) == ("B-PER", "O")
    targets = LABELS.encode([("B-LOC", "O")], ("B-PER", "O"))
    assert listed(LABELS.references(targets, {0: ("B-LOC",)}, ("B-LOC",), 2)) == [["B-LOC", "O"]]
    assert LABELS.show(targets, ()) == [["B-LOC", "O"]]
    assert listed(LABELS.parse([["O"], ["B-PER", "O"]], ())) == [["O"], ["B-PER", "O"]]


def test_a_single_tag_is_nothing_to_learn():
    assert LABELS.shortage([("O",), ("O", "O")], ("O",), parted=False).got == "O"
    assert LABELS.shortage([("O", "B")], ("B", "O"), parted=True) is None


def test_rows_are_parted_by_the_tags_that_only_some_have():
    # Row 0 has both, row 1 neither, row 2 B-PER, but no O.
    assert LABELS.strata(TRAIN).toarray().astype(int).tolist() == [[1, 1, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0]]


def test_uniform_guesses_are_right_in_one_of_three_parts_on_average():
    guesses = [guess for guess, _ in LABELS.guesses(TRAIN, TRAIN, 3, np.random.default_rng(0))]
    assert len(guesses) == 60
    assert np.mean([tag_accuracy(TRAIN, guess) for guess in guesses]) == pytest.approx(1 / 3)


def test_the_constant_says_the_most_common_tag_and_finds_no_span():
    said, scores = LABELS.constant(TRAIN, TRAIN, 3)
    assert listed(said) == [["O"] * 3, ["O"] * 2, ["O"]]
    assert scores is None
    assert span_f1(TRAIN, said) == 0


def task(**columns):
    """Return a task of which all splits hold the same rows."""
    splits = dict.fromkeys(("train", "validation", "test"), columns | {"row_id": list("abc")})
    return SimpleNamespace(splits={name: Rows(rows) for name, rows in splits.items()}, targets={"train": TRAIN})


class Rows(dict):
    """Columns whose length is that of their rows."""

    def __len__(self):
        return len(self["row_id"])


def test_the_bar_of_words_is_their_most_frequent_tag():
    words = [["met", "Ann", "May"], ["may", "rain"], ["Ann"]]
    bar = LABELS.simple(task(words=words), [Field(name="words", signal=WORDS)], seed=0)
    assert bar.name == "most frequent tag of each word"
    assert listed(bar.predictions["test"]) == listed(TRAIN)
    assert bar.scores == {"validation": None, "test": None}


def test_the_bar_of_images_is_the_most_frequent_tag_of_each_place():
    grid = LABELS.encode([("O", "X"), ("O", "X"), ("X", "O")], ())
    data = SimpleNamespace(splits=task(image=[""] * 3).splits, targets={"train": grid})
    bar = LABELS.simple(data, [Field(name="image", signal=IMAGE)], seed=0)
    assert (bar.name, listed(bar.predictions["test"])) == ("most frequent tag at each place", [["O", "X"]] * 3)


def test_a_mistake_is_as_sure_as_its_surest_wrong_tag():
    said = LABELS.encode([("O", "O", "O"), ("O", "O"), ("I-PER",)], ())
    scores = ragged([np.array([0.9, 0.6, 0.7]), np.array([0.5, 0.5]), np.array([math.nan])])
    found = list(LABELS.mistakes(TRAIN, said, scores))
    assert [(sure, mistake.row) for sure, mistake in found[:1]] == [(0.7, 0)]
    assert (math.isnan(found[1][0]), found[1][1].row) == (True, 2)
    assert all(math.isnan(sure) for sure, _ in LABELS.mistakes(TRAIN, said, None))


def test_words_are_counted_by_tag():
    counts = LABELS.class_counts([["O", "B"], ["O"]], [["O", "O"], ["O"]], ("B", "O"))
    assert [count.tolist() for count in counts] == [[0, 2], [1, 2], [0, 3]]


def criterion():
    return Tagging().criterion(3, TRAIN)


def test_batches_are_padded_with_what_has_no_loss():
    assert criterion().names == ("B-PER", "I-PER", "O")
    batch = criterion().batch(LABELS.encode([("O", "B-LOC"), ("I-PER", "O", "B-PER")], ()))
    assert batch.tolist() == [[2, UNSEEN, UNSEEN], [1, 2, 0]]


def test_loss_is_the_mean_cross_entropy_of_the_parts_that_were_read():
    torch.manual_seed(0)
    outputs = torch.randn(3, 3, 3, requires_grad=True)
    targets = torch.tensor([[0, 1, 2], [2, UNSEEN, 1], [UNSEEN, UNSEEN, UNSEEN]])
    marks = torch.zeros(3, 3, 1)
    marks[1, 2], marks[2, 1:] = math.nan, -math.inf
    losses = criterion().loss(outputs + marks, targets)
    by_part = functional.cross_entropy(outputs.flatten(0, 1), targets.flatten().clamp(min=0), reduction="none")
    expected = [by_part[:3].mean(), by_part[3], torch.tensor(0.0)]
    torch.testing.assert_close(losses, torch.stack(expected))
    losses.sum().backward()
    assert outputs.grad.isfinite().all()
    assert (outputs.grad[1, 1:] == 0).all()


def test_balanced_weights_are_scikit_learns_over_words():
    # Three O, two B-PER, one I-PER: 6 / (3 * count).
    torch.testing.assert_close(criterion().class_weights(TRAIN), torch.tensor([1.0, 2.0, 2 / 3]))


def test_a_part_that_was_not_read_is_outside():
    rows = [torch.tensor([[9.0, 0.0, 0.0], [math.nan] * 3]), torch.tensor([[0.0, 0.0, 5.0]])]
    said, scores = criterion().decode(rows)
    assert listed(said) == [["B-PER", "O"], ["O"]]
    assert scores[0][0] == pytest.approx(torch.tensor([9.0, 0, 0]).softmax(0)[0].item())
    assert math.isnan(scores[0][1])


def test_without_o_the_most_frequent_tag_is_said_of_what_was_not_read():
    assert TagSoftmax.fit(LABELS.encode([("NOUN", "VERB", "NOUN")], ())).outside == "NOUN"


def test_rows_without_a_known_tag_have_no_loss():
    assert criterion().known(LABELS.encode([("B-LOC",), ("B-LOC", "O")], ())).tolist() == [False, True]


def test_state_restores():
    assert Tagging().restored({**criterion().state(), "later": 1}) == criterion()


def test_rows_of_parts_are_not_mixed_and_not_solved():
    with pytest.raises(ConfigError, match="cannot be mixed"):
        criterion().soft(torch.zeros(1, 1))
    with pytest.raises(ConfigError, match="not fitted in closed form"):
        criterion().columns(TRAIN)
