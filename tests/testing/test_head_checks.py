"""Each check of heads, trained and classical, finds the broken twin that is made for it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from made_subjects import subject_of
from modaxfer.heads.classical.ridge import Ridge
from modaxfer.heads.linear import LinearHead
from modaxfer.spec import ClassicalHeadSpec, HeadSpec
from modaxfer.testing import CheckFailedError
from modaxfer.testing.checks import classical_heads, heads


class Affine(nn.Module):
    """What every check passes."""

    def __init__(self, width, outputs, dropout=0.0):
        super().__init__()
        self.width, self.outputs = width, outputs
        self.linear = nn.Linear(width, outputs)

    def config(self):
        return {"width": self.width, "outputs": self.outputs}

    def forward(self, features):
        return self.linear(features.pooled)


class TokenMean(Affine):
    reads = "tokens"

    def forward(self, features):
        weight = features.mask[..., None]
        return self.linear((features.tokens * weight).sum(1) / weight.sum(1))


class Narrow(Affine):
    def forward(self, features):
        return super().forward(features)[:, :1]


class Noisy(Affine):
    def forward(self, features):
        return super().forward(features) + torch.rand(())


class Batched(Affine):
    def forward(self, features):
        said = super().forward(features)
        return said - said.mean(0)


class Forgetful(Affine):
    """Learns a scale that it does not keep."""

    def __init__(self, *sizes, **more):
        super().__init__(*sizes, **more)
        self.scale = float(torch.rand(()))

    def forward(self, features):
        return super().forward(features) * self.scale


class Padded(TokenMean):
    def forward(self, features):
        return self.linear(features.tokens.mean(1))


class Idle(Affine):
    def __init__(self, *sizes, **more):
        super().__init__(*sizes, **more)
        self.spare = nn.Parameter(torch.ones(1))


class Secret(Affine):
    """Reads how many encoders' tokens there are, and says that it reads vectors."""

    def forward(self, features):
        return self.linear(features.tokens[:, 0])


def head(code, folder):
    return subject_of("head", HeadSpec(name="twin", target="twin:Head"), code, folder=folder)


@pytest.mark.parametrize("code", [Affine, TokenMean])
def test_a_sound_head_passes(code, tmp_path):
    for check in heads.CHECKS:
        check.run(head(code, tmp_path))


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (
            heads.answers_each_row,
            Narrow,
            r"does not answer each row\. Got: torch\.float32 \(4, 1\)\. Allowed: .*\(4, 3\)",
        ),
        (heads.answers_each_row, Noisy, r"answers twice in two ways\. Fix: switch dropout off"),
        (heads.answers_each_row, Batched, r"answers a row by the rows beside it"),
        (heads.is_its_config_and_its_tensors, Forgetful, r"built from its config and its tensors, is another"),
        (heads.reads_what_it_says, Padded, r"reads padding\. Fix: leave out tokens whose mask is False"),
        (heads.learns_by_gradient, Idle, r"has parameters that get no gradient\. Got: spare"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_head_is_found_out(check, code, message, tmp_path):
    with pytest.raises(CheckFailedError, match=message):
        check.run(head(code, tmp_path))


def test_a_head_that_reads_tokens_in_secret_cannot_pass(tmp_path):
    with pytest.raises(Exception, match="features have no tokens of one encoder"):
        heads.reads_what_it_says.run(head(Secret, tmp_path))


class Blank(Ridge):
    def fit(self, *given):
        fitted, converged = super().fit(*given)
        return LinearHead(fitted.linear.in_features, fitted.linear.out_features), converged


class Drawn(Ridge):
    def fit(self, *given):
        fitted, converged = super().fit(*given)
        with torch.no_grad():
            fitted.linear.bias.add_(0.01 * torch.rand(3))
        return fitted, converged


class Leaking(Ridge):
    def held_out(self, space, grid, link):
        for value, outputs in super().held_out(space, grid, link):
            yield value, outputs + space.cut.labels.columns


class Short(Ridge):
    def held_out(self, space, grid, link):
        for value, outputs in super().held_out(space, grid, link):
            yield value, outputs[:-1]


class Mute(Ridge):
    def held_out(self, space, grid, link):
        return iter(())


def classical(code, folder):
    spec = ClassicalHeadSpec(name="twin", target="twin:Head", links=("softmax",))
    return subject_of("classical head", spec, code, folder=folder)


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (classical_heads.learns_classes_that_lie_apart, Blank, r"does not learn classes that lie apart, link softmax"),
        (classical_heads.is_deterministic, Drawn, r"is fitted in two ways to the same rows"),
        (
            classical_heads.judges_each_value_by_rows_it_was_not_fitted_to,
            Leaking,
            r"was fitted to rows that it is judged by\. Got: with penalty .* change with their own labels",
        ),
        (classical_heads.judges_each_value_by_rows_it_was_not_fitted_to, Short, r"does not judge each row"),
        (classical_heads.judges_each_value_by_rows_it_was_not_fitted_to, Mute, r"judges no value of its grid"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_classical_head_is_found_out(check, code, message, tmp_path):
    with pytest.raises(CheckFailedError, match=message):
        check.run(classical(code, tmp_path))
