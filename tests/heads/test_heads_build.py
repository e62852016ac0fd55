import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from heads_read import said
from modaxfer.errors import ConfigError, PluginFaultError, UnknownNameError
from modaxfer.heads.build import build_head, head_config, reads_tokens, rehearse_head
from modaxfer.heads.fusion import FusionHead
from modaxfer.heads.linear import LinearHead
from modaxfer.heads.nearest import KNearestHead
from modaxfer.heads.reduced import CodeReducer, ReducedHead


def nearest(width, votes="softmax"):
    rows = torch.randn(9, width)
    return KNearestHead.from_rows(
        rows,
        torch.eye(3)[[0, 1, 2] * 3],
        torch.rand(9),
        mean=rows.mean(0),
        scale=rows.std(0),
        neighbours=4,
        votes=votes,
    )


HEADS = {
    "linear": lambda: LinearHead(6, 3, dropout=0.1),
    "nearest": lambda: nearest(6),
    "projected": lambda: ReducedHead(LinearHead(6, 2), nearest(2, "sigmoid")),
    "coded": lambda: ReducedHead(CodeReducer(6, 5, 2), LinearHead(2, 3)),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_its_config_and_its_tensors(name, tmp_path):
    head = HEADS[name]().eval()
    save_file(head.state_dict(), tmp_path / "head.safetensors")
    twin = build_head(json.loads(json.dumps(head_config(head)))).eval()
    twin.load_state_dict(load_file(tmp_path / "head.safetensors"))
    pooled = torch.randn(4, 6)
    assert torch.equal(said(twin, pooled), said(head, pooled))


def test_a_head_of_another_kind_is_refused():
    with pytest.raises(ConfigError, match=r"cannot be saved.*Got: ReLU.*Allowed: linear, nearest, reduced, code, fus"):
        head_config(nn.ReLU())


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownNameError, match=r"unknown head.*Got: forest"):
        build_head({"kind": "forest"})


def test_missing_sizes_are_refused():
    with pytest.raises(ConfigError, match=r"what head modaxfer/linear is given does not fit it.*outputs"):
        build_head({"kind": "linear", "width": 3})


@pytest.mark.parametrize(("reads", "known"), [(None, False), ("pooled", False), ("tokens", True)])
def test_a_head_says_what_it_reads(reads, known):
    made = type("Own", (nn.Module,), {} if reads is None else {"reads": reads})
    assert reads_tokens(made) is known
    assert reads_tokens(made()) is known


def test_what_no_head_can_read_is_refused():
    made = type("Own", (nn.Module,), {"reads": "pixels"})
    for head in (made, made()):
        with pytest.raises(
            ConfigError, match=r"head Own reads what there is not\. Got: pixels\. Allowed: pooled, tokens"
        ):
            reads_tokens(head)


class TokenMean(nn.Module):
    reads = "tokens"

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(self, features):
        return self.linear(features.tokens.mean(1))


@pytest.mark.parametrize(
    ("head", "widths", "hidden", "parts"),
    [
        (LinearHead(6, 1), (6,), (6,), False),
        (LinearHead(6, 1), (6,), (6,), True),
        (TokenMean(4), (8,), (4,), False),
        (FusionHead((6, 8), 1), (6, 8), (6, 8), False),
    ],
    ids=["vectors", "parts", "tokens", "fused"],
)
def test_a_head_that_fits_is_rehearsed_in_silence(head, widths, hidden, parts):
    rehearse_head(head, widths, hidden, 1, parts=parts)


@pytest.mark.parametrize(
    ("head", "parts", "message"),
    [
        (
            nn.Linear(6, 1),
            False,
            r"head Linear cannot read features \(.*\)\. Got: TypeError: .*Fix: read features\.pooled; or say",
        ),
        (
            LinearHead(5, 1),
            False,
            r"head modaxfer/linear cannot read features \(modaxfer\.heads\.linear, line \d+\)\. Got: Runt",
        ),
        (
            LinearHead(6, 2),
            False,
            r"does not say one thing of each row \(modaxfer\S+, line \d+\)\. Got: shape \(2, 2\)\. .*shape \(2, 1\)",
        ),
        (
            TokenMean(6),
            True,
            r"does not say one thing of each part of a row \(.*\)\. Got: shape \(2, 1\)\. Allowed: .*shape \(2, 3, 1\)",
        ),
    ],
    ids=["reads a tensor", "another width", "two outputs", "one answer for all parts"],
)
def test_a_head_that_does_not_fit_is_refused(head, parts, message):
    with pytest.raises(PluginFaultError, match=message):
        rehearse_head(head, (6,), (6,), 1, parts=parts)
