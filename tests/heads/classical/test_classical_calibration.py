import numpy as np
import torch
from made import rows_of
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.cut import AffineMaps, FitTargets
from problem_names import balanced_weights, criterion_of

OUTPUTS = torch.from_numpy(0.3 * np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32))


def drawn(slope):
    """Classes drawn from the softmax of ``slope * OUTPUTS``."""
    generator = np.random.default_rng(1)
    chances = (slope * OUTPUTS).softmax(1).numpy().astype(np.float64)
    return np.array([generator.choice(3, p=row / row.sum()) for row in chances])


def test_the_temperature_is_the_most_likely_one():
    targets = drawn(8.0)
    labels = FitTargets.of(targets, criterion_of("multiclass", 3), None)
    calibration = Calibration.fit(OUTPUTS, labels, "softmax")

    def loss(slope):
        return -float((slope * OUTPUTS.double()).log_softmax(1)[range(400), targets].mean()) + 1e-3 * slope**2 / 2

    expected = minimize_scalar(loss, bounds=(0.1, 100), method="bounded").x
    np.testing.assert_allclose(calibration.slope, expected, rtol=1e-2)
    assert torch.equal(calibration.apply(OUTPUTS).argmax(1), OUTPUTS.argmax(1))


def test_separated_rows_give_a_finite_temperature():
    labels = FitTargets.of(OUTPUTS.argmax(1).numpy(), criterion_of("multiclass", 3), None)
    slope = Calibration.fit(OUTPUTS, labels, "softmax").slope
    assert torch.isfinite(slope).all()
    assert float(slope[0]) > 8


def test_useless_outputs_do_not_turn_around():
    labels = FitTargets.of((-OUTPUTS).argmax(1).numpy(), criterion_of("multiclass", 3), None)
    assert float(Calibration.fit(OUTPUTS, labels, "softmax").slope[0]) > 0


def test_every_label_gets_platts_slope_and_offset():
    noisy = OUTPUTS.numpy() + 0.2 * np.random.default_rng(2).normal(size=(400, 3))
    targets = (noisy > [0, 0.2, 0.4]).astype(np.float32)
    for weights in (None, balanced_weights("multilabel", 3, targets)):
        labels = FitTargets.of(targets, criterion_of("multilabel", 3), weights)
        logits = Calibration.fit(OUTPUTS, labels, "sigmoid").apply(OUTPUTS)
        for label in range(3):
            model = LogisticRegression(C=1e6, class_weight=None if weights is None else "balanced")
            model.fit(OUTPUTS[:, label : label + 1], targets[:, label])
            expected = model.predict_proba(OUTPUTS[:, label : label + 1])[:, 1]
            np.testing.assert_allclose(logits[:, label].sigmoid(), expected, atol=0.03)


def test_a_label_that_never_occurs_is_never_said():
    targets = np.zeros((400, 3), np.float32)
    labels = FitTargets.of(targets, criterion_of("multilabel", 3), None)
    logits = Calibration.fit(OUTPUTS, labels, "sigmoid").apply(OUTPUTS)
    assert (logits < -3).all()


def test_folding_is_applying():
    rows = torch.from_numpy(rows_of(20, width=4))
    maps = AffineMaps(weight=torch.randn(1, 4, 2), bias=torch.randn(1, 2))
    calibration = Calibration(slope=torch.tensor([2.0, 3.0]), offset=torch.tensor([-1.0, 0.5]))
    folded = calibration.fold(maps)
    expected = calibration.apply(rows @ maps.weight[0] + maps.bias[0])
    torch.testing.assert_close(rows @ folded.weight[0] + folded.bias[0], expected, rtol=1e-4, atol=1e-4)
