"""docs/how-to/write-a-bridge.md: its raw, its fitted and its trained bridge do what the page says, and train."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
import torch

from modaxfer.contracts import Bridge, FittedBridge, InputLayout, TrainedBridge
from modaxfer.errors import RefusedError
from modaxfer.spec import Field, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE = (Path(__file__).parents[2] / "docs/how-to/write-a-bridge.md").read_text(encoding="utf-8")
PLUGIN, BRIDGES = re.findall(r"^```python\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)

GENE = Field(name="sequence", signal=Signal(kind="gene"))
LAYOUT = InputLayout(kind="embeddings", max_tokens=8)
ROWS = [{"sequence": "ACGACGTTT"}, {"sequence": "ACGGGG"}, {"sequence": None}]

TRAIN = """
import sys
import modaxfer
folder, output = sys.argv[1:]
for bridge in ("common-codons", "bases"):
    settings = {"encoder": folder, "strategy": "lora", "task": "promoters", "bridge": bridge, "epochs": 1}
    run = modaxfer.train(output=f"{output}/{bridge}", limit=40, quiet=True, **settings)
    print(run.result.bridge, run.result.status, len(run.predict([{"sequence": "ACGT"}])))
"""


@pytest.fixture(scope="module")
def genes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    path = tmp_path_factory.mktemp("genes") / "guide_genes.py"
    path.write_text(BRIDGES, encoding="utf-8")
    spec = spec_from_file_location("guide_genes", path)
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "guide_genes", made)
        spec.loader.exec_module(made)
        yield made


def test_the_raw_bridge_writes_words_and_refuses_two_genes(genes):
    bridge = genes.CodonBridge(genes.CodonOptions(), (GENE,), LAYOUT, None)
    assert isinstance(bridge, Bridge)
    assert bridge(ROWS) == [("ACG ACG TTT",), ("ACG GGG",), ("",)]
    assert bridge.identity != genes.CodonBridge(genes.CodonOptions(length=2), (GENE,), LAYOUT, None).identity
    with pytest.raises(RefusedError, match="a row has one gene"):
        genes.CodonBridge(genes.CodonOptions(), (GENE, GENE), LAYOUT, None)


def test_the_fitted_bridge_hands_on_what_it_learned(genes):
    bridge, other = (genes.CommonCodonBridge(genes.CodonOptions(), (GENE,), LAYOUT, None) for _ in range(2))
    assert isinstance(bridge, FittedBridge)
    unfitted = bridge.identity
    bridge.fit(ROWS, torch.zeros(3).numpy())
    assert bridge(ROWS) == [("ACG ACG",), ("ACG",), ("",)]
    assert bridge.identity != unfitted
    other.restore(bridge.state())
    assert (other.identity, other(ROWS)) == (bridge.identity, bridge(ROWS))


def test_the_trained_bridge_makes_tokens_that_padding_leaves_alone(genes):
    bridge = genes.BaseBridge(None, (GENE,), LAYOUT, None)
    assert isinstance(bridge, TrainedBridge)
    processor, embedder = bridge.processor(), bridge.embedder(16)
    examples = processor(bridge(ROWS))
    assert [processor.length(example) for example in examples] == [8, 6, 1]
    together, alone = embedder(processor.collate(examples)), embedder(processor.collate(examples[1:2]))
    assert together.tokens.shape == (3, 8, 16)
    assert together.mask.sum(1).tolist() == [8, 6, 1]
    assert torch.equal(together.tokens[1, :6], alone.tokens[0])


def test_the_plugin_of_the_guide_loads_and_its_bridges_train(site, tiny, tmp_path):
    site.add("genes", PLUGIN, distribution="modaxfer-genes", bridges=BRIDGES)
    alone = {"MODAXFER_PLUGINS": "genes", "MODAXFER_STRICT": "1", "MODAXFER_CACHE": str(tmp_path / "cache")}
    status = site.status(**alone)
    assert status.warnings == ()
    assert {"genes/codons", "genes/common-codons", "genes/bases"} <= set(status.ids["bridge"])
    done = site.warm_python(TRAIN, str(tiny("bert")), str(tmp_path), **alone)
    assert done.stdout.splitlines() == ["genes/common-codons completed 1", "genes/bases completed 1"], done.stderr
