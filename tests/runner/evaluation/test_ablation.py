"""What each part is worth: counted by hand for a head whose votes are known."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from heads_read import said
from modaxfer.metrics import Scored, paired_difference
from modaxfer.runner.evaluation import ablation
from modaxfer.runner.evaluation.ablation import ablate, part_names
from modaxfer.spec import AUDIO, IMAGE, TEXT, Field

ROWS = 200


class Votes(torch.nn.Module):
    """Adds up what the present parts say; the picture's voice is three times as loud."""

    def forward(self, features):
        present, votes = features.pooled[:, :2], features.pooled[:, 2:]
        score = (present * votes * torch.tensor([3.0, 1.0])).sum(1)
        return torch.stack([-score, score], dim=1)


@pytest.fixture
def fused(monkeypatch):
    """A picture right in 90 % of rows and missing in every fifth, a text right in 60 %."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, ROWS)
    says = [np.where(rng.random(ROWS) < right, targets, 1 - targets) * 2 - 1 for right in (0.9, 0.6)]
    there = np.stack([np.arange(ROWS) % 5 > 0, np.ones(ROWS, bool)], axis=1)
    vectors = np.concatenate([there, np.stack(says, axis=1)], axis=1).astype(np.float32)
    given = torch.from_numpy(vectors)
    monkeypatch.setattr(ablation, "head_inputs", lambda session, name: given)

    def decode(logits):
        return logits.argmax(1).numpy(), logits.softmax(1).numpy()

    predictions, scores = decode(said(Votes(), torch.from_numpy(vectors)))
    session = SimpleNamespace(
        model=SimpleNamespace(towers=[0, 0], head=Votes(), reads_tokens=False, eval=lambda: None),
        computer=SimpleNamespace(arithmetic=nullcontext, device="cpu"),
        criterion=SimpleNamespace(decode=decode),
        splits={"test": SimpleNamespace(targets=targets)},
        problem="binary",
        cost=(),
        seed=3,
        warnings=[],
        tell=lambda warning: session.warnings.append(warning),
    )
    findings = SimpleNamespace(
        test=SimpleNamespace(predictions=predictions, scores=scores),
        asked=SimpleNamespace(references=targets, units=None, groups=None),
    )
    resolved = SimpleNamespace(metrics=("accuracy", "roc_auc"), primary="accuracy", towers=towers((IMAGE,), (TEXT,)))
    return session, resolved, findings, says, there


def towers(*kinds, names=()):
    names = names or ["bert"] * len(kinds)
    return [
        SimpleNamespace(
            fields=tuple(Field(name=f"field{n}", signal=signal) for n, signal in enumerate(signals)),
            encoder=SimpleNamespace(spec=SimpleNamespace(name=name)),
        )
        for signals, name in zip(kinds, names, strict=True)
    ]


def test_a_part_is_scored_on_the_rows_that_have_it(fused):
    session, resolved, findings, says, there = fused
    targets = session.splits["test"].targets
    found = ablate(session, resolved, findings)
    assert {name: part["rows"] for name, part in found.items()} == {"image": 160, "text": 200}
    for place, part in enumerate(found.values()):
        rows = there[:, place]
        right = (says[place] > 0) == targets
        assert part["metrics"]["accuracy"] == pytest.approx(right[rows].mean())
        low, high = part["intervals"]["accuracy"]
        assert low < right[rows].mean() < high


def test_the_difference_is_that_of_the_same_rows(fused):
    session, resolved, findings, says, there = fused
    targets = session.splits["test"].targets
    for place, part in enumerate(ablate(session, resolved, findings).values()):
        rows = there[:, place]
        ours, alone = findings.test.predictions[rows], (says[place] > 0)[rows].astype(int)
        expected = paired_difference(
            targets[rows],
            Scored(predictions=ours, scores=None),
            Scored(predictions=alone, scores=None),
            "accuracy",
            problem="binary",
            seed=3,
        )
        low, high = part["difference"]["accuracy"]
        assert (low, high) == pytest.approx((expected.low, expected.high))
    # A picture that outvotes the text is all there is to the model; the text alone is far behind it.
    found = ablate(session, resolved, findings)
    assert found["image"]["difference"]["accuracy"] == [0.0, 0.0]
    assert found["text"]["difference"]["accuracy"][0] > 0


def test_a_part_that_no_test_row_has_is_not_scored(fused):
    session, resolved, findings, _, _ = fused
    ablation.head_inputs(session, "test")[:, 0] = 0
    assert ablate(session, resolved, findings)["image"] == {"metrics": {}, "intervals": {}, "rows": 0}


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (towers((IMAGE,), (TEXT,)), ["image", "text"]),
        (towers((TEXT, IMAGE), (AUDIO,)), ["image+text", "audio"]),
        (towers((TEXT,), (TEXT,), names=["bert", "lstm"]), ["text (bert)", "text (lstm)"]),
        (towers((TEXT,), (TEXT,), (IMAGE,)), ["text (bert) 1", "text (bert) 2", "image"]),
    ],
)
def test_parts_are_named_by_what_they_read(made, names):
    assert part_names(SimpleNamespace(towers=made)) == names


def test_a_head_that_reads_tokens_has_no_vectors_to_take_parts_of(fused):
    session, resolved, findings, _, _ = fused
    session.model.reads_tokens = True
    assert ablate(session, resolved, findings) == {}
    assert session.warnings == ["what each part of a row is worth is not measured: the head reads tokens, not vectors"]
