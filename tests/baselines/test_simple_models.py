"""Every simple model over every problem, on rows made here; log-mel against Transformers."""

from __future__ import annotations

import io
from functools import cache

import datasets
import numpy as np
import pytest
import soundfile
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from answers import answers_of
from modaxfer.baselines import audio, sample
from modaxfer.baselines.linear import linear_candidates
from modaxfer.baselines.simple import MODELS, fit_simple
from modaxfer.contracts import Answers, Sealed, Sound, TaskData
from modaxfer.errors import DataError, RefusedError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field, Signal

SPLITS = {"train": slice(0, 60), "validation": slice(60, 80), "test": slice(80, 100)}
WORDS = {0: ["dreadful", "broken", "late"], 1: ["splendid", "works", "quick"], 2: ["blue", "boxed", "listed"]}


def task(columns: dict[str, list], targets: np.ndarray, classes: int, splits=SPLITS) -> TaskData:
    return TaskData(
        splits={
            name: datasets.Dataset.from_dict({k: v[part] for k, v in columns.items()}) for name, part in splits.items()
        },
        targets={name: targets[part] for name, part in splits.items() if name != "test"},
        sealed={"test": Sealed(Answers(targets=targets[splits["test"]]))} if "test" in splits else {},
        classes=tuple(str(number) for number in range(classes)),
        source="test",
        root=None,
        fingerprint="test",
        digests={},
    )


def fields(signal: Signal, *names: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, signal=signal) for name in names)


def numbers(classes: int, rows: int = 100, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.arange(rows) % classes)


def texts(targets: np.ndarray) -> list[str]:
    generator = np.random.default_rng(1)
    return [f"it is {generator.choice(WORDS[int(number)])} I think" for number in targets]


def picture(number: int, generator: np.random.Generator) -> dict[str, object]:
    pixels = generator.integers(0, 80, (12, 20, 3)).astype(np.uint8)
    pixels[:, number * 5 : number * 5 + 5, 0] += 100
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return {"bytes": stream.getvalue(), "path": None}


def tone(number: int, generator: np.random.Generator, rate: int = 8000, seconds: float = 0.2) -> dict[str, object]:
    time = np.arange(int(rate * seconds)) / rate
    samples = 0.3 * np.sin(2 * np.pi * (400 + 600 * number) * time) + 0.05 * generator.normal(size=len(time))
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV")
    return {"bytes": stream.getvalue(), "path": None}


def made(kind: str, targets: np.ndarray) -> tuple[dict[str, list], tuple[Field, ...]]:
    generator = np.random.default_rng(2)
    if kind == "text":
        return {"a": texts(targets), "b": ["party"] * len(targets)}, fields(TEXT, "a", "b")
    if kind == "image":
        return {"a": [picture(int(number), generator) for number in targets]}, fields(IMAGE, "a")
    if kind == "audio":
        return {"a": [tone(int(number), generator) for number in targets]}, fields(AUDIO, "a")
    size = [None if row % 9 == 0 else float(number) + generator.normal() * 0.2 for row, number in enumerate(targets)]
    colour = [None if row % 7 == 0 else WORDS[int(number)][0] for row, number in enumerate(targets)]
    return {"size": size, "colour": colour}, fields(TABLE, "size", "colour")


@pytest.fixture(params=sorted(MODELS))
def kind(request) -> str:
    return request.param


@cache
def fitted(kind: str, classes: int):
    """Return a task of all `classes` and the simple model of it: tests that change something compare with it."""
    columns, shown = made(kind, numbers(classes))
    data = task(columns, numbers(classes), classes)
    return data, fit_simple(data, fields=shown)


def right(found, data, split="test") -> float:
    return float((found.predictions[split] == answers_of(data)[split]).mean())


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_learned_and_come_with_probabilities(kind, classes) -> None:
    data, found = fitted(kind, classes)
    assert right(found, data) >= 0.9
    assert found.train_rows == 60
    for split in ("validation", "test"):
        assert found.scores[split].shape == (20, classes)
        np.testing.assert_allclose(found.scores[split].sum(1), 1)
        np.testing.assert_array_equal(found.scores[split].argmax(1), found.predictions[split])


def test_labels_are_learned(kind) -> None:
    number = numbers(3)
    # Label 0 is class 0, label 1 is class 1 or 2, label 2 is never set, label 3 always.
    targets = np.stack([number == 0, number > 0, number < 0, number >= 0], axis=1).astype(np.float32)
    columns, shown = made(kind, number)
    data = task(columns, targets, 4)
    found = fit_simple(data, fields=shown)
    assert found.predictions["test"].shape == found.scores["test"].shape == (20, 4)
    assert right(found, data) >= 0.9
    assert not found.predictions["test"][:, 2].any()
    assert found.predictions["test"][:, 3].all()
    np.testing.assert_array_equal(found.scores["test"] > 0.5, found.predictions["test"])


def test_values_are_learned(kind) -> None:
    number = numbers(3)
    targets = (10 * number + 5).astype(np.float32)
    columns, shown = made(kind, number)
    data = task(columns, targets, 0)
    found = fit_simple(data, fields=shown)
    assert found.scores == {"validation": None, "test": None}
    error = np.square(found.predictions["test"] - answers_of(data)["test"]).mean()
    assert error < 0.3 * answers_of(data)["test"].var()


@pytest.mark.slow
def test_equal_inputs_give_equal_outputs(kind) -> None:
    columns, shown = made(kind, numbers(3))
    second = fit_simple(task(columns, numbers(3), 3), fields=shown)
    np.testing.assert_array_equal(fitted(kind, 3)[1].scores["test"], second.scores["test"])


def test_a_class_without_training_rows_keeps_its_column(kind) -> None:
    targets = numbers(3)
    columns, shown = made(kind, targets)
    data = task(columns, np.where(targets == 2, 3, targets), 4)
    found = fit_simple(data, fields=shown)
    assert found.scores["test"].shape == (20, 4)
    assert (found.scores["test"][:, 2] == 0).all()
    assert right(found, data) >= 0.9


def test_test_targets_change_nothing(kind) -> None:
    targets = numbers(2)
    columns, shown = made(kind, targets)
    known = fitted(kind, 2)[1]
    wrong = task(columns, np.concatenate([targets[:80], 1 - targets[80:]]), 2)
    blind = fit_simple(wrong, fields=shown)
    np.testing.assert_array_equal(known.scores["test"], blind.scores["test"])


def test_test_rows_change_nothing_in_what_is_fitted(kind) -> None:
    targets = numbers(2)
    columns, shown = made(kind, targets)
    fewer = {**SPLITS, "test": slice(80, 81)}
    many = fitted(kind, 2)[1]
    one = fit_simple(task(columns, targets, 2, fewer), fields=shown)
    np.testing.assert_allclose(one.scores["test"][0], many.scores["test"][0], rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "numeric", "name"),
    [
        ("text", False, "tf-idf of one and two words + logistic regression"),
        ("table", False, "gradient-boosted trees"),
        ("image", False, "raw pixels at 16 x 16 + logistic regression"),
        ("audio", True, "mean and deviation of log-mel bands + ridge regression"),
    ],
)
def test_the_model_has_a_name_for_people(kind, numeric, name) -> None:
    targets = numbers(2)
    columns, shown = made(kind, targets)
    data = task(columns, targets.astype(float) if numeric else targets, 2)
    assert fit_simple(data, fields=shown).name == name


def test_of_two_kinds_of_field_the_better_one_is_taken() -> None:
    targets = numbers(2)
    columns, _ = made("image", targets)
    columns["text"] = ["always the same"] * 100
    both = (*fields(IMAGE, "a"), *fields(TEXT, "text"))
    found = fit_simple(task(columns, targets, 2), fields=both)
    assert found.name.startswith("raw pixels")


def test_a_large_task_is_sampled(monkeypatch) -> None:
    monkeypatch.setattr(sample, "TRAIN_ROWS", 40)
    targets = numbers(2)
    columns, shown = made("text", targets)
    data = task(columns, targets, 2)
    found = fit_simple(data, fields=shown)
    assert found.train_rows == 40
    assert len(found.predictions["test"]) == 20
    assert right(found, data) >= 0.9


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ((), "no simple model for these fields. Got: no field"),
        (
            fields(Signal(kind="ticks"), "a"),
            r"no simple model for these fields\. Got: a \(ticks\)\. Allowed: audio, image",
        ),
    ],
)
def test_a_signal_without_a_simple_model_is_refused(shown, message) -> None:
    targets = numbers(2)
    with pytest.raises(RefusedError, match=message):
        fit_simple(task({"a": list(targets)}, targets, 2), fields=shown)


def test_an_unreadable_image_names_itself() -> None:
    targets = numbers(2)
    columns, shown = made("image", targets)
    columns["a"][3] = {"bytes": b"no image", "path": "cat.png"}
    with pytest.raises(DataError, match=r"unreadable image.*cat\.png"):
        fit_simple(task(columns, targets, 2), fields=shown)


def shown_sample(targets: np.ndarray) -> sample.Sample:
    return sample.Sample(
        columns={},
        targets={name: targets[part] for name, part in SPLITS.items()},
        classes=3,
        seed=0,
        root=None,
    )


def test_the_setting_is_the_best_on_the_validation_rows() -> None:
    targets = numbers(3)
    perfect, useless = np.eye(3)[targets[60:80]], np.full((20, 3), 1 / 3)
    candidates = [{"validation": one, "test": one} for one in (useless, perfect, useless, perfect)]
    assert sample.best(candidates, shown_sample(targets), None) is candidates[1]


def test_a_judge_decides_instead_and_is_shown_the_validation_rows() -> None:
    targets = numbers(3)
    perfect, useless = np.eye(3)[targets[60:80]], np.full((20, 3), 1 / 3)
    candidates = [{"validation": one, "test": one} for one in (perfect, useless)]

    def judge(references, predictions, scores) -> float:
        np.testing.assert_array_equal(references, targets[60:80])
        np.testing.assert_array_equal(predictions, scores.argmax(1))
        return float((references != predictions).mean())

    assert sample.best(candidates, shown_sample(targets), judge) is candidates[1]


def test_an_undefined_value_never_wins() -> None:
    candidates = [{"validation": np.full((20, 3), value), "test": np.zeros((1, 3))} for value in (1.0, 2.0)]
    values = {1.0: float("nan"), 2.0: -5.0}
    chosen = sample.best(candidates, shown_sample(numbers(3)), lambda true, said, scores: values[scores[0, 0]])
    assert chosen is candidates[1]


@pytest.mark.parametrize(
    ("counts", "kind", "weights"),
    [
        ((20, 20, 20), np.int64, (None,)),
        ((40, 15, 5), np.int64, (None, "balanced")),
        ((40, 15, 5), np.float64, (None,)),
    ],
)
def test_weighted_classes_are_tried_where_classes_are_uneven(counts, kind, weights) -> None:
    targets = np.concatenate([np.repeat(np.arange(3), counts), np.zeros(40, np.int64)])
    assert shown_sample(targets.astype(kind)).class_weights() == weights


@pytest.mark.parametrize("kind", ["text", "table"])
def test_the_judge_of_a_rare_class_is_heard(kind, monkeypatch) -> None:
    monkeypatch.setattr("modaxfer.baselines.table.LEAVES", (7,))  # Trees of one size are chosen among as well.
    generator = np.random.default_rng(0)
    splits = {"train": slice(0, 400), "validation": slice(400, 700), "test": slice(700, 1000)}
    targets = (generator.random(1000) < 0.12).astype(np.int64)
    if kind == "text":
        rare = [
            ("sorry " if generator.random() < (0.6 if target else 0.15) else "fine ") + "it is" for target in targets
        ]
        columns, shown = {"a": rare}, fields(TEXT, "a")
    else:
        columns, shown = {"a": (targets + generator.normal(size=1000)).tolist()}, fields(TABLE, "a")
    data = task(columns, targets, 2, splits)
    known = {"fields": shown}
    f1 = fit_simple(data, **known)
    share = fit_simple(data, **known, judge=lambda true, said, scores: float((true == said).mean()))
    assert right(share, data, "validation") >= right(f1, data, "validation")
    assert f1.predictions["test"].sum() > 2 * share.predictions["test"].sum()


def test_raw_pixels_of_real_digits_do_as_well_as_scikit_learns_own_pixels() -> None:
    digits = load_digits()
    # In their own order the rows go from writer to writer.
    order = np.random.default_rng(0).permutation(1797)[:1400]
    streams = []
    for pixels in digits.images[order]:
        stream = io.BytesIO()
        Image.fromarray((pixels * 15).astype(np.uint8)).save(stream, format="PNG")
        streams.append({"bytes": stream.getvalue(), "path": None})
    splits = {"train": slice(0, 700), "validation": slice(700, 1000), "test": slice(1000, 1400)}
    raw, labels = digits.data[order] / 16, digits.target[order]
    reference = LogisticRegression(max_iter=1000).fit(raw[:700], labels[:700]).score(raw[1000:], labels[1000:])
    data = task({"a": streams}, labels, 10, splits)
    found = right(fit_simple(data, fields=fields(IMAGE, "a")), data)
    assert found == pytest.approx(reference, abs=0.03)


def test_trees_of_a_real_table() -> None:
    table = load_breast_cancer(as_frame=True)
    order = np.random.default_rng(0).permutation(569)[:420]
    columns = {name: table.data[name].to_numpy()[order].tolist() for name in table.data if "mean" in name}
    splits = {"train": slice(0, 240), "validation": slice(240, 300), "test": slice(300, 420)}
    data = task(columns, table.target.to_numpy()[order], 2, splits)
    assert right(fit_simple(data, fields=fields(TABLE, *columns)), data) > 0.93


def test_a_column_of_many_rare_values_and_unseen_ones_is_taken() -> None:
    targets = numbers(2)
    columns = {"id": [f"row {row}" for row in range(100)], "size": [int(number) for number in targets]}
    data = task(columns, targets, 2)
    assert right(fit_simple(data, fields=fields(TABLE, "id", "size")), data) == 1


@pytest.mark.parametrize("rate", [50, 60, 99])
def test_log_mel_of_the_lowest_rates(rate: int) -> None:
    tone = np.sin(2 * np.pi * 10 * np.arange(3 * rate) / rate).astype(np.float32)
    found = audio.log_mel(Sound(samples=tone, rate=rate))
    assert len(found) >= 100
    assert np.isfinite(found).all()


def test_log_mel_agrees_with_transformers() -> None:
    generator = np.random.default_rng(0)
    samples = (0.1 * generator.normal(size=16000)).astype(np.float32)
    window = window_function(400, "hann")
    reference = spectrogram(
        samples,
        window,
        frame_length=400,
        hop_length=160,
        fft_length=400,
        power=2.0,
        center=False,
        mel_filters=mel_filter_bank(201, 40, 0.0, 8000, 16000),
        mel_floor=0.0,
    )
    expected = np.log10(reference.T / window.sum() ** 2 + 1e-10)
    np.testing.assert_allclose(audio.log_mel(Sound(samples=samples, rate=16000)), expected, atol=1e-5)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_a_tone_stands_in_the_same_band_at_any_rate(rate) -> None:
    samples = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)
    bands = audio.log_mel(Sound(samples=samples, rate=rate)).mean(0)
    reference = audio.log_mel(Sound(samples=np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000), rate=16000)).mean(0)
    assert bands.shape == (40,)
    assert bands.argmax() == reference.argmax()
    assert bands.max() == pytest.approx(reference.max(), abs=0.05)


def test_a_sound_shorter_than_a_window_has_a_frame() -> None:
    assert audio.log_mel(Sound(samples=np.ones(3, np.float32), rate=8000)).shape == (1, 40)


def test_many_classes_of_sparse_features_are_one_against_the_rest() -> None:
    from scipy.sparse import csr_array

    generator = np.random.default_rng(0)
    targets = numbers(3)
    features = generator.normal(size=(100, 5)) + 2 * np.eye(3, 5)[targets]
    shown = shown_sample(targets)
    dense = next(linear_candidates({name: features[part] for name, part in SPLITS.items()}, shown, [1.0]))
    thin = next(linear_candidates({name: csr_array(features[part]) for name, part in SPLITS.items()}, shown, [1.0]))
    np.testing.assert_allclose(thin["test"].sum(1), 1)
    assert (thin["test"].argmax(1) == dense["test"].argmax(1)).mean() >= 0.9
