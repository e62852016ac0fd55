import io
import random
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

import domain_tasks as tasks
from answers import answers_of
from modaxfer.baselines.simple import fit_simple
from modaxfer_language_vision import sample

PLUGIN = "language-vision"
SPEC = tasks.specs(PLUGIN)["nlvr"]
COLOURS = {"yellow": (255, 211, 5), "black": (16, 16, 16), "blue": (0, 112, 208)}


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


def test_the_sample_is_seeded():
    tasks.check_sample_is_seeded(SPEC)


def test_without_data_the_sample_is_read_and_said():
    tasks.check_sample_loads(PLUGIN, "nlvr")


def test_every_sentence_of_the_sample_is_true_as_often_as_false():
    for table in tasks.sample_tables(SPEC).values():
        counts = Counter(zip(table["sentence"].to_pylist(), table["label"].to_pylist(), strict=True))
        assert all(counts[sentence, "true"] == counts[sentence, "false"] for sentence, _ in counts)


def test_orders_of_one_picture_stay_together():
    table = tasks.sample_tables(SPEC)["train"]
    assert set(Counter(table["identifier"].to_pylist()).values()) == {2}
    tasks.check_groups_apart(tasks.load_sample(PLUGIN, "nlvr"), ("identifier",))


def shown(value):
    """Return for each box the number of pixels in each colour, ``[boxes, colours]``."""
    pixels = np.asarray(Image.open(io.BytesIO(value["bytes"])))
    boxes = [pixels[:, start : start + 100] for start in (0, 150, 300)]
    return np.array([[(box == colour).all(axis=2).sum() for colour in COLOURS.values()] for box in boxes])


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_labels_are_true_of_the_pixels(seed):
    """Three kinds of sentence can be judged by colours alone."""
    judged = Counter()
    tables = tasks.make_sample(SPEC, seed) if seed else tasks.sample_tables(SPEC)
    for table in tables.values():
        for row in table.to_pylist():
            words, pixels = row["sentence"].split(), shown(row["image"]) > 0
            colour = next(index for index, name in enumerate(COLOURS) if name in words)
            has = pixels[:, colour]
            if words[:2] == ["Every", "box"]:
                truth = has.all()
            elif words[:2] == ["One", "box"]:
                truth = not has.all()
            elif "only" in words:
                truth = (has & (pixels.sum(axis=1) == 1)).any()
            else:
                continue
            judged[" ".join(words[:2])] += 1
            assert row["label"] == str(bool(truth)).lower()
    assert len(judged) == 3


@pytest.mark.parametrize("kind", ["circle", "triangle", "square"])
def test_existence_is_judged_by_colour_and_shape(kind):
    draw = random.Random(kind)
    found = 0
    while found < 20:
        sentence, holds = sample._statement(draw)
        words = sentence.rstrip(".").split()
        if words[-1] == kind:
            boxes = sample._boxes(draw)
            there = any(item.shape == kind and item.colour == words[-2] for box in boxes for item in box)
            assert holds(boxes) is (there if words[2] == "a" else not there)
            found += 1


def test_items_of_a_box_never_touch_and_stay_inside():
    draw = random.Random(0)
    for box in (box for _ in range(30) for box in sample._boxes(draw)):
        taken = np.zeros((100, 100), int)
        for item in box:
            taken[item.top : item.top + item.size + 1, item.left : item.left + item.size + 1] += 1
        assert taken.max() == 1
        assert taken.sum() == sum((item.size + 1) ** 2 for item in box)


def both(data, split):
    """Return kind of sentence x how much of the picture has the colour that it names."""
    rows = []
    for row in data.splits[split]:
        words, pixels = row["sentence"].split(), shown(row["image"])
        colour = next(index for index, name in enumerate(COLOURS) if name in words)
        boxes = pixels > 0
        only = (boxes[:, colour] & (boxes.sum(axis=1) == 1)).any()
        facts = np.array([1, boxes[:, colour].any(), boxes[:, colour].all(), only, pixels[:, colour].max() / 1000])
        kinds = [words[0] == "Every", words[0] == "One", "only" in words, "more" in words, "no" in words, "a" in words]
        rows.append(np.outer(np.array(kinds, float), facts).ravel())
    return np.array(rows)


def test_the_sample_needs_both_words_and_picture():
    data = tasks.load_sample(PLUGIN, "nlvr")
    alone = [
        (fit_simple(data, fields=(field,)).predictions["test"] == answers_of(data)["test"]).mean()
        for field in SPEC.fields
    ]
    assert max(alone) < 0.65
    model = LogisticRegression(C=10, max_iter=2000).fit(both(data, "train"), data.targets["train"])
    assert model.score(both(data, "test"), answers_of(data)["test"]) > 0.75


@pytest.mark.weights
def test_the_real_rows():
    tasks.check_real_rows(PLUGIN, "nlvr")
    data = tasks.load_real(PLUGIN, "nlvr")
    assert data.dropped == {"duplicate": 15}
    assert answers_of(data)["test"].sum() == 556
