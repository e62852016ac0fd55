"""Fusion heads: one table of ways to join x behaviour, and each way against its formula."""

import json

import pytest
import torch
from torch.nn import functional

from heads_read import said
from modaxfer.errors import ConfigError
from modaxfer.heads.build import build_head, head_config
from modaxfer.heads.fusion import FusionHead, lose_some
from problem_names import PROBLEMS

WIDTHS = (8, 12, 10)
WAYS = {
    "concat": {"how": "concat", "hidden": 16},
    "linear": {"how": "concat", "hidden": 0},
    "gated": {"how": "gated", "width": 8},
    "cross": {"how": "cross", "width": 8, "segments": 2, "blocks": 2},
    "vote": {"how": "vote"},
    "vote on labels": {"how": "vote", "problem": "multilabel"},
    "vote on a value": {"how": "vote", "problem": "regression"},
}
every_way = pytest.mark.parametrize("way", WAYS)


def made(way, seed=0, dropout=0.0, **options):
    torch.manual_seed(seed)
    outputs = 1 if way == "vote on a value" else 3
    return FusionHead(WIDTHS, outputs, dropout, WAYS[way] | options)


def fed(rows=6, present=None, seed=1):
    features = torch.randn(rows, sum(WIDTHS), generator=torch.Generator().manual_seed(seed))
    flags = torch.ones(rows, len(WIDTHS)) if present is None else torch.tensor(present, dtype=torch.float32)
    return torch.cat([flags, features], dim=1)


def spans():
    ends = torch.tensor(WIDTHS).cumsum(0) + len(WIDTHS)
    return [slice(int(end) - width, int(end)) for end, width in zip(ends, WIDTHS, strict=True)]


@every_way
def test_logits_are_float32_even_under_autocast(way):
    with torch.autocast("cpu", torch.bfloat16):
        logits = said(made(way).eval(), fed().bfloat16())
    assert logits.dtype == torch.float32
    assert logits.shape == (6, 1 if way == "vote on a value" else 3)


@every_way
@pytest.mark.parametrize("training", [False, True])
def test_what_a_missing_encoder_says_plays_no_part(way, training):
    head = made(way).train(training)
    pooled = fed(4, [[1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 1]])
    changed = pooled.clone()
    for row in range(4):
        for encoder, span in enumerate(spans()):
            if not pooled[row, encoder]:
                changed[row, span] = float("nan") if row % 2 else 100.0
    assert torch.equal(said(head, changed), said(head, pooled))


@every_way
def test_what_a_present_encoder_says_counts(way):
    head, pooled = made(way).eval(), fed()
    for span in spans():
        changed = pooled.clone()
        changed[:, span] = torch.randn(6, span.stop - span.start)
        assert (said(head, changed) - said(head, pooled)).abs().amax(1).min() > 1e-6


@every_way
def test_a_row_does_not_depend_on_its_neighbours(way):
    head, pooled = made(way).eval(), fed(4, [[1, 1, 1], [0, 1, 1], [1, 0, 0], [0, 0, 1]])
    torch.testing.assert_close(torch.cat([said(head, row) for row in pooled.split(1)]), said(head, pooled))


@every_way
@pytest.mark.parametrize("chance", [0.0, 0.3])
def test_every_tensor_moves_in_three_steps(way, chance):
    head = made(way, modality_dropout=chance).train()
    before = {name: tensor.detach().clone() for name, tensor in head.named_parameters()}
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.0)
    for step in range(3):
        optimiser.zero_grad()
        said(head, fed(seed=step)).square().mean().backward()
        optimiser.step()
    assert [name for name, tensor in head.named_parameters() if torch.equal(tensor, before[name])] == []


@every_way
def test_nothing_is_left_to_chance_in_evaluation(way):
    head, pooled = made(way, dropout=0.5, modality_dropout=0.5), fed(32)
    assert not torch.equal(said(head, pooled), said(head, pooled))
    head.eval()
    assert torch.equal(said(head, pooled), said(head, pooled))


@every_way
def test_it_is_its_config_and_its_tensors(way):
    head = made(way, modality_dropout=0.25).eval()
    twin = build_head(json.loads(json.dumps(head_config(head)))).eval()
    twin.load_state_dict(head.state_dict())
    assert torch.equal(said(twin, fed()), said(head, fed()))
    assert twin.config() == head.config()


def test_encoders_are_lost_by_chance_but_never_the_last():
    torch.manual_seed(0)
    present = torch.rand(20_000, 3) < 0.8
    present[~present.any(1)] = True
    kept = lose_some(present, 0.3)
    assert not (kept & ~present).any()
    assert kept.any(1).all()
    for count in (1, 2, 3):
        rows = present.sum(1) == count
        lost = float((present & ~kept)[rows].sum() / present[rows].sum())
        assert lost == pytest.approx(0.3 - 0.3**count / count, abs=0.01)


def test_without_modality_dropout_nothing_is_lost():
    present = torch.tensor([[True, False, True]])
    assert lose_some(present, 0.0) is present


@pytest.mark.parametrize("flags", [[1, 1, 1], [1, 0, 1], [0, 0, 1]])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_vote_is_the_mean_of_what_each_encoder_says_alone(flags, problem):
    torch.manual_seed(0)
    head = FusionHead(WIDTHS, 3, 0.0, {"how": "vote", "problem": problem}).eval()
    for member in head.join.heads:
        torch.nn.init.normal_(member.linear.weight)
    probabilities = {
        "multilabel": torch.sigmoid,
        "regression": lambda values: values,
    }.get(problem, lambda logits: logits.softmax(1))
    alone = [said(head, fed(5, [[int(at == one) for at in range(3)]] * 5)) for one in range(3) if flags[one]]
    expected = torch.stack([probabilities(logits) for logits in alone]).mean(0)
    torch.testing.assert_close(probabilities(said(head, fed(5, [flags] * 5))), expected)


def test_a_vote_of_the_very_sure_stays_finite():
    head = made("vote on labels").eval()
    for member in head.join.heads:
        torch.nn.init.constant_(member.linear.bias, 200.0)
    assert torch.isfinite(said(head, fed())).all()


def test_gates_share_each_unit_out_among_the_encoders_that_are_there():
    join = made("gated").eval().join
    present = torch.tensor([[True, False, True], [False, True, False]])
    gates = join.gates([torch.randn(2, width) for width in WIDTHS], present)
    torch.testing.assert_close(gates.sum(1), torch.ones(2, 8))
    assert gates[0, 1].eq(0).all()
    assert gates[1, 1].eq(1).all()


def test_one_encoder_alone_passes_its_gate_whole():
    head, pooled = made("gated").eval(), fed(6, [[0, 1, 0]] * 6)
    join, features = head.join, pooled[:, spans()[1]]
    expected = said(join.head, join.projections[1](functional.layer_norm(features, (12,))).tanh())
    torch.testing.assert_close(said(head, pooled), expected)


def test_co_attention_is_each_encoder_reading_the_others():
    """Against attention called once per direction, with queries of one encoder and keys of the others."""
    head, pooled = made("cross", blocks=1).eval(), fed(5, [[1, 1, 1]] * 5)
    join, block = head.join, head.join.blocks[0]
    parts = [pooled[:, span].unflatten(1, (2, -1)) for span in spans()]
    tokens = [
        project(functional.layer_norm(part, part.shape[2:])) + join.encoder[at] + join.place
        for at, (project, part) in enumerate(zip(join.projections, parts, strict=True))
    ]
    normed = [block.before(states) for states in tokens]
    done = []
    for at, states in enumerate(tokens):
        others = torch.cat([normed[other] for other in range(3) if other != at], dim=1)
        read = states + block.attention(normed[at], others, others)[0]
        done.append(read + block.dense(read))
    torch.testing.assert_close(said(head, pooled), said(join.head, join.norm(torch.cat(done, dim=1)).mean(1)))


@pytest.mark.parametrize("way", ["concat", "gated", "cross"])
def test_what_no_encoder_knows_alone_is_learned(way):
    """The class is whether two signs agree: each encoder by itself, and any vote of theirs, stays at chance."""
    torch.manual_seed(0)
    signs = torch.randint(0, 2, (256, 2))
    features = torch.randn(256, 16)
    features[:, 0], features[:, 8] = 3.0 * (2 * signs[:, 0] - 1), 3.0 * (2 * signs[:, 1] - 1)
    pooled, targets = torch.cat([torch.ones(256, 2), features], dim=1), (signs[:, 0] == signs[:, 1]).long()
    head = FusionHead((8, 8), 2, 0.0, WAYS[way])
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        functional.cross_entropy(said(head, pooled), targets).backward()
        optimiser.step()
    assert (said(head.eval(), pooled).argmax(1) == targets).float().mean() > 0.95


@pytest.mark.parametrize("way", ["concat", "linear", "gated", "cross", "vote"])
def test_trained_with_modality_dropout_one_encoder_is_enough(way):
    """Each encoder holds the answer; the head must find it in whichever is there."""
    torch.manual_seed(0)
    targets = torch.randint(0, 3, (300,))
    features = torch.randn(300, sum(WIDTHS))
    for span in spans():
        features[:, span.start - 3 : span.start] += 3 * functional.one_hot(targets, 3)
    pooled, head = torch.cat([torch.ones(300, 3), features], dim=1), made(way, modality_dropout=0.3)
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        functional.cross_entropy(said(head, pooled), targets).backward()
        optimiser.step()
    head.eval()
    for one in range(3):
        alone = torch.cat([torch.eye(3)[[one] * 300], features], dim=1)
        assert (said(head, alone).argmax(1) == targets).float().mean() > 0.85


@pytest.mark.parametrize(
    ("widths", "options", "message"),
    [
        ((8,), {}, r"fusion joins two or more encoders.*Got: 1.*second --encoder"),
        ((8, 8), {"how": "sum"}, r"fusion.how: got 'sum', allowed concat, gated, cross, vote"),
        ((8, 8), {"hiden": 3}, r"unknown key fusion.hiden \(did you mean hidden"),
        ((8, 8), {"modality_dropout": 1.0}, r"modality_dropout is out of range.*Got: 1.0.*0 to below 1"),
        ((8, 9), {"how": "cross", "segments": 4}, r"do not divide into segments.*Got: 8, 9.*multiples of 4"),
        ((8, 8), {"how": "cross", "width": 6}, r"width does not divide by the attention heads.*multiples of 4"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(widths, options, message):
    with pytest.raises(ConfigError, match=message):
        FusionHead(widths, 2, 0.0, options)
