"""Every built-in encoder with every strategy on every kind of input: a scored result or a refusal.

By default each encoder is run with each strategy and with each bridge that it takes, each kind with each strategy and
by each bridge; ``make test-matrix`` runs the whole product. Every cell of it is resolved, down to its bridge, in either
case.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import torch
import transformers

from modaxfer.api import make_config
from modaxfer.encoders.opaque import image_body
from modaxfer.encoders.trial import start_afresh
from modaxfer.errors import RefusedError
from modaxfer.runner.predict.evaluate import evaluate
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 8, "precision": "fp32", "device": "cpu"}
ROWS = 24
ENCODERS = ("bert", "vit", "wav2vec2", "whisper", "table", "lstm", "resnet")
STRATEGIES = ("full", "lora", "frozen")
KINDS = {
    "text": "text",
    "text pair": "pair",
    "image": "image",
    "audio": "audio",
    "table": "table",
    "image+text": "image+text",
    "several fields": "image+image+table",
}
"""Kind of input to the rows that stand for it."""

BRIDGES = {
    "bert": ("native-text", "native-text", "embed", "embed", "serialise", "embed", "embed"),
    "vit": ("render", "render", "native-image", "spectrogram", "grid", "montage", "montage"),
    "wav2vec2": ("embed", "embed", "embed", "native-audio", "embed", "embed", "embed"),
    "whisper": ("embed", "embed", "embed", "native-audio", "embed", "embed", "embed"),
    "table": ("embed",) * 7,
    "lstm": ("embed",) * 7,
    "resnet": ("montage", "montage", "native-image", "spectrogram", "grid", "montage", "montage"),
}
"""Bridge that an encoder takes for each of `KINDS`, in their order."""

REFUSED = {
    ("lstm", "lora"): "lora attaches nowhere: the encoder's layers have neither linear modules nor convolutions. "
    "Fix: choose strategy full or frozen."
}
"""What cannot be, whatever the input, with all that is said."""

CELLS = [cell for cell in product(ENCODERS, STRATEGIES, KINDS) if cell[:2] not in REFUSED]


def _pairs(encoder: str, strategy: str, kind: str) -> set[tuple[str, str]]:
    """Return what meets in a cell: pairs of encoder, strategy, kind and bridge, all but encoders with kinds."""
    bridge = BRIDGES[encoder][[*KINDS].index(kind)]
    return {(encoder, strategy), (strategy, kind), (encoder, bridge), (kind, bridge)}


def _chosen() -> list[tuple[str, str, str]]:
    """Return cells in which every pair meets, each time the one that brings most of what has not met yet."""
    apart, chosen = set[tuple[str, str]]().union(*(_pairs(*cell) for cell in CELLS)), []
    while apart:
        chosen.append(max(CELLS, key=lambda cell: len(_pairs(*cell) & apart)))
        apart -= _pairs(*chosen[-1])
    return [cell for cell in CELLS if cell in chosen]


PAIRS = _chosen()

ASKED_AGAIN = {*{cell[:2]: cell for cell in PAIRS}.values(), *(cell for cell in CELLS if cell not in PAIRS)}
"""Cells whose saved model is scored once more: one of each encoder and strategy by default, all with ``matrix``."""


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    """A folder with a tiny ResNet, its statistics those of a network that has seen pictures."""
    folder = tmp_path_factory.mktemp("models") / "resnet"
    torch.manual_seed(0)
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], layer_type="bottleneck")
    model = transformers.AutoModel.from_config(config).eval()
    start_afresh(image_body(model, 64))
    model.save_pretrained(folder)
    transformers.ConvNextImageProcessorPil().save_pretrained(folder)
    return folder


@pytest.fixture
def cell(tiny, resnet, own_rows, tmp_path):
    """Return a function from encoder, strategy and kind to the config of their run."""

    def config(encoder, strategy, kind):
        names = {"resnet": resnet, "table": "table:small", "lstm": "lstm:small"}
        rows = own_rows(KINDS[kind], ROWS)
        name = str(names[encoder] if encoder in names else tiny(encoder))
        return make_config(encoder=name, strategy=strategy, output=tmp_path / "run", **QUICK, **rows)

    return config


def test_every_strategy_meets_every_encoder_and_every_kind_and_every_bridge_all_that_it_leads_between():
    ways = {(encoder, bridge) for encoder, bridges in BRIDGES.items() for bridge in bridges}
    assert {(encoder, BRIDGES[encoder][[*KINDS].index(kind)]) for encoder, _, kind in PAIRS} == ways
    assert {cell[:2] for cell in PAIRS} == {cell[:2] for cell in CELLS}
    assert {cell[1:] for cell in PAIRS} == set(product(STRATEGIES, KINDS))
    assert len(PAIRS) < 0.2 * len(CELLS)


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_cell_is_resolved_to_its_bridge_before_any_weight_is_loaded(encoder, cell):
    """Those of `PAIRS` are resolved where they are run."""
    for _, strategy, kind in (each for each in CELLS if each[0] == encoder and each not in PAIRS):
        (resolved,) = resolve_tasks(cell(encoder, strategy, kind))
        assert [way.bridge.id for way in resolved.towers] == ["modaxfer/" + BRIDGES[encoder][[*KINDS].index(kind)]]


@pytest.mark.parametrize(
    ("encoder", "strategy", "kind"),
    [*PAIRS, *(pytest.param(*each, marks=pytest.mark.matrix) for each in CELLS if each not in PAIRS)],
)
def test_a_cell_is_scored(encoder, strategy, kind, cell):
    result, folder = run(cell(encoder, strategy, kind), shared=True, progress=Progress(enabled=False))
    assert result.status == "completed"
    assert result.bridge == "modaxfer/" + BRIDGES[encoder][[*KINDS].index(kind)]
    assert set(result.metrics) == {"train", "validation", "test", "primary"}
    assert result.metrics["test"].keys() == result.intervals.keys()
    low, high = result.intervals[result.primary]
    assert 0 <= low <= result.metrics["test"][result.primary] <= high <= 1
    assert {"chance", "majority", "simple"} <= set(result.baselines)
    assert 0 < result.parameters["trainable"] <= result.parameters["total"]
    assert (result.parameters["trainable"] < result.parameters["total"]) == (strategy != "full")
    if (encoder, strategy, kind) in ASKED_AGAIN:
        check_the_saved_model(result, folder)


def check_the_saved_model(result, folder):
    again = evaluate(folder)
    assert again["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6, nan_ok=True)


@pytest.mark.matrix
@pytest.mark.parametrize(("encoder", "strategy", "kind"), [cell for cell in PAIRS if cell not in ASKED_AGAIN])
def test_a_saved_cell_scores_what_it_scored(encoder, strategy, kind, cell):
    check_the_saved_model(*run(cell(encoder, strategy, kind), shared=True, progress=Progress(enabled=False)))


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize(("encoder", "strategy"), REFUSED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_refused_before_any_weight_is_loaded(encoder, strategy, kind, cell):
    config = cell(encoder, strategy, kind)
    with pytest.raises(RefusedError) as refusal:
        run(config, progress=Progress(enabled=False))
    assert str(refusal.value) == REFUSED[encoder, strategy]
    assert not Path(config.output).exists()
