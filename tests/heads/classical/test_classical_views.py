import numpy as np
import pytest
import torch
from made import Options, classes_of
from sklearn.metrics import accuracy_score

from modaxfer.contracts import Hidden, LayerFeatures, SolverContext, pool
from modaxfer.errors import RefusedError
from modaxfer.heads.classical import fit
from modaxfer.heads.classical.features import View


def accuracy(references, predictions, scores):
    return accuracy_score(references, predictions)


def layered(informative, pools, rows=240, layers=4, width=8):
    """Features that are noise but in one layer and some pools, and classes that can be read there."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(rows, layers, 3, width)).astype(np.float32)
    features *= np.geomspace(1, 100, layers)[:, None, None]
    signal = generator.normal(size=(rows, width)).astype(np.float32)
    for number in pools:
        features[:, informative, number] = signal
    return features, classes_of(signal)


def fitted(features, targets, rows=200, **options):
    known = LayerFeatures(train=features[:rows], validation=features[rows:])
    split = {"train": targets[:rows], "validation": targets[rows:]}
    context = SolverContext(
        features={"train": (known,)},
        targets={"train": split},
        problem="multiclass",
        classes=("a", "b", "c"),
        judge=accuracy,
    )
    return fit(context, Options(**options))


def shares(found, features):
    """How much of what the head reads comes from each layer."""
    spread = features[:, list(found.readouts[0].layers), 1].std((0, 2)) * found.readouts[0].weights
    return dict(zip(found.readouts[0].layers, spread / spread.sum(), strict=True))


@pytest.mark.parametrize(
    ("pool", "poolings"), [(0, {"cls"}), (1, {"mean", "mean_std"}), (2, {"mean_std"})], ids=["cls", "mean", "deviation"]
)
@pytest.mark.parametrize("layer", [0, 2])
def test_the_pooling_that_knows_is_found(layer, pool, poolings):
    features, targets = layered(layer, (pool,))
    assert fitted(features, targets, layer=str(layer)).readouts[0].pooling in poolings


@pytest.mark.parametrize("layer", [0, 2])
def test_the_layer_that_knows_is_found(layer):
    features, targets = layered(layer, (0, 1))
    found = fitted(features, targets)
    assert shares(found, features)[layer] > 0.7
    assert found.report["score"] > 0.7


def test_what_no_layer_knows_alone_is_read_from_a_weighted_sum():
    features, targets = layered(0, (1,))
    noise = 3 * np.random.default_rng(5).normal(size=features[:, 0].shape).astype(np.float32)
    features[:, 0] += noise
    features[:, 1] = features[:, 0] - 2 * noise
    features[:, 2:] = features[:, :2]
    found = fitted(features, targets, pooling="mean")
    assert len(found.readouts[0].layers) == 4
    assert sum(found.readouts[0].weights) == pytest.approx(1)
    assert found.report["score"] > 0.7


def test_layers_of_different_size_weigh_alike_in_a_uniform_sum():
    features, targets = layered(1, (1,))
    table = fitted(features, targets, layer="mix", pooling="mean").report["candidates"]
    weights = np.array([row["weights"] for row in table])
    spread = features[:200, :, 1].std((0, 2))
    assert weights.shape[1] == 4
    assert any(np.allclose(row * spread / (row * spread).sum(), 0.25, atol=0.02) for row in weights)


@pytest.mark.parametrize(("setting", "layers"), [("last", (3,)), ("1", (1,)), ("0", (0,))])
def test_a_chosen_layer_is_taken(setting, layers):
    features, targets = layered(2, (1,))
    assert fitted(features, targets, layer=setting).readouts[0].layers == layers


def test_a_wished_pooling_is_taken():
    features, targets = layered(2, (1,))
    assert {row["pooling"] for row in fitted(features, targets, pooling="cls").report["candidates"]} == {"cls"}


def test_a_layer_that_is_not_there_is_refused():
    features, targets = layered(2, (1,))
    with pytest.raises(RefusedError, match=r"no such layer.*Got: 4.*Allowed: .*0 \(embeddings\) to 3"):
        fitted(features, targets, layer="4")


def test_a_constant_layer_is_survived():
    features, targets = layered(2, (1,))
    features[:, 0, 0] = 3.0
    found = fitted(features, targets, pooling="cls", layer="mix")
    assert 0 not in found.readouts[0].layers


@pytest.mark.parametrize("pooling", ["cls", "mean", "mean_std"])
def test_a_view_reads_what_the_encoder_pools(pooling):
    layers = [torch.randn(5, 7, 6) for _ in range(3)]
    mask = torch.arange(7) < torch.tensor([[7], [3], [1], [5], [6]])
    stored = []
    for tokens in layers:
        both = pool(Hidden(tokens, mask), "mean_std")
        stored.append(torch.stack([pool(Hidden(tokens, mask), "cls"), both[:, :6], both[:, 6:]], 1))
    view = View(layers=(0, 2), weights=(0.25, 0.75), pooling=pooling)
    expected = 0.25 * pool(Hidden(layers[0], mask), pooling) + 0.75 * pool(Hidden(layers[2], mask), pooling)
    torch.testing.assert_close(view.read(torch.stack(stored, 1).numpy()), expected)


def test_a_readout_names_no_layer_that_weighs_nothing():
    readout = View(layers=(0, 1, 2), weights=(0.5, 0.0, 0.5), pooling="mean").readout
    assert (readout.layers, readout.weights) == ((0, 2), (0.5, 0.5))


def test_a_view_that_is_the_same_for_every_row_is_left_out_where_another_is_not():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(60, 3, 3, 8)).astype(np.float32)
    features[:, 0, 0] = 5 + 1e-7 * generator.normal(size=(60, 8))  # noise and one class of the most: nothing is better
    targets = (np.arange(60) % 10 == 0).astype(int)
    views = [(each["layers"], each["pooling"]) for each in fitted(features, targets, rows=50).report["candidates"]]
    assert ([0], "mean") in views
    assert not any(0 in layers and pooling == "cls" for layers, pooling in views)
    only = fitted(features, targets, rows=50, layer="0", pooling="cls")
    assert only.readouts[0].pooling == "cls"
