"""Each check of pretraining objectives finds the broken twin that is made for it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from made_subjects import subject_of
from modaxfer.contracts import LABEL, ObjectiveLoss, pool
from modaxfer.spec import ObjectiveSpec
from modaxfer.testing import CheckFailedError, CheckSkippedError
from modaxfer.testing.checks import objectives


class Towards(nn.Module):
    """What every check passes: vectors are drawn to the mean of the first rows, and a random direction."""

    def __init__(self, context, options):
        super().__init__()
        self.reading = context.student
        self.register_buffer("middle", torch.zeros(context.student.encoder.hidden_size))
        self.scale = nn.Parameter(torch.rand(()))

    def vectors(self, batch):
        encoder = self.reading.encoder
        return pool(encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)), "mean")

    def begin(self, rows):
        self.middle.copy_(self.vectors(self.reading.batch(rows)).mean(0) + 0.5)

    def prepare(self, rows, generator):
        return {"batch": self.reading.batch(rows), "noise": torch.rand(len(self.middle), generator=generator)}

    def forward(self, prepared):
        vectors = self.vectors(prepared["batch"])
        wanted = self.middle + self.scale * prepared["noise"]
        return ObjectiveLoss(loss=(vectors - wanted).square().mean(), vectors=vectors)


class Bare(Towards):
    def forward(self, prepared):
        return super().forward(prepared).loss


class Many(Towards):
    def forward(self, prepared):
        said = super().forward(prepared)
        return ObjectiveLoss(loss=said.vectors.square().mean(1), vectors=said.vectors)


class Aloof(Towards):
    def vectors(self, batch):
        return super().vectors(batch).detach()


class Sealed(Towards):
    def forward(self, prepared):
        said = super().forward(prepared)
        return ObjectiveLoss(loss=said.loss.detach(), vectors=said.vectors)


class Chatty(Towards):
    def forward(self, prepared):
        said = super().forward(prepared)
        return ObjectiveLoss(loss=said.loss, vectors=said.vectors, numbers={"each": said.vectors[:, 0]})


class Endless(Towards):
    def forward(self, prepared):
        said = super().forward(prepared)
        return ObjectiveLoss(loss=said.loss / 0, vectors=said.vectors)


class Steep(Towards):
    """Has a gradient without end where its root is 0."""

    def forward(self, prepared):
        said = super().forward(prepared)
        return ObjectiveLoss(loss=(said.vectors - said.vectors.detach()).abs().sqrt().sum(), vectors=said.vectors)


class Narrow(Towards):
    def forward(self, prepared):
        said = super().forward(prepared)
        return ObjectiveLoss(loss=said.loss, vectors=said.vectors[:1])


class Peeking(Towards):
    """Reads labels, and does not say so."""

    def prepare(self, rows, generator):
        return {**super().prepare(rows, generator), "label": [row[LABEL] for row in rows]}


class Wild(Towards):
    def prepare(self, rows, generator):
        return {**super().prepare(rows, generator), "noise": torch.rand(len(self.middle))}


class Noisy(Towards):
    def forward(self, prepared):
        return super().forward({**prepared, "noise": torch.rand(len(self.middle))})


class Grasping(Towards):
    def prepare(self, rows, generator):
        rows[0]["seen"] = True
        return super().prepare(rows, generator)


class Forgetful(Towards):
    """Learns before the first step what it does not keep."""

    def begin(self, rows):
        self.factor = float(self.vectors(self.reading.batch(rows)).std())

    def forward(self, prepared):
        said = super().forward(prepared)
        return ObjectiveLoss(loss=said.loss * getattr(self, "factor", 1.0), vectors=said.vectors)


class Late(Towards):
    def begin(self, rows):
        super().begin(rows)
        self.register_buffer("later", torch.zeros(2))


def objective(code, folder, **spec):
    own = ObjectiveSpec(name="twin", target="twin:Objective", **{"inputs": ("text",), **spec})
    return subject_of("objective", own, code, folder=folder)


def test_a_sound_objective_passes(tmp_path):
    for check in objectives.CHECKS[:-1]:
        (tmp_path / check.name).mkdir()
        check.run(objective(Towards, tmp_path / check.name, inputs=("text", "patches")))


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (objectives.teaches_the_encoder, Bare, r"does not return what it says of a batch\. Got: Tensor"),
        (objectives.teaches_the_encoder, Many, r"its loss is not one finite number\. Got: shape \(4,\)"),
        (objectives.teaches_the_encoder, Endless, r"its loss is not one finite number\. Got: shape \(\), inf"),
        (objectives.teaches_the_encoder, Aloof, r"its loss does not reach the encoder"),
        (objectives.teaches_the_encoder, Sealed, r"its loss has no gradient\. Fix: compute it outside of no_grad"),
        (objectives.teaches_the_encoder, Chatty, r"numbers for the log are no finite scalars\. Got: each"),
        (objectives.teaches_the_encoder, Steep, r"gradients of the encoder are not finite"),
        (objectives.teaches_the_encoder, Narrow, r"vectors are not one of each row.* Got: \(?1, 32\)?"),
        (objectives.draws_by_its_generator, Wild, r"rows of text, encoder bert: one seed gives two batches or losses"),
        (objectives.draws_by_its_generator, Noisy, r"one seed gives two batches or losses\. Got: 0"),
        (objectives.draws_by_its_generator, Grasping, r"it changes the rows that it is given"),
        (objectives.goes_on_from_what_is_kept, Forgetful, r"stopped and gone on with, it is another\. Got: a loss of"),
        (
            objectives.goes_on_from_what_is_kept,
            Late,
            r"before it is begun it has other tensors\. Got: objective\.later",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_objective_is_found_out(check, code, message, tmp_path):
    with pytest.raises(CheckFailedError, match=message):
        check.run(objective(code, tmp_path))


@pytest.mark.parametrize(("needs", "what"), [({"teacher": True}, "a teacher"), ({"labels": True}, "labels")])
def test_needs_that_are_none_are_found_out(needs, what, tmp_path):
    with pytest.raises(CheckFailedError, match=f"it says that it needs {what}, and has the same loss without"):
        objectives.needs_what_it_says.run(objective(Towards, tmp_path, **needs))


def test_an_objective_that_reads_labels_in_secret_cannot_pass(tmp_path):
    with pytest.raises(KeyError, match="label"):
        objectives.teaches_the_encoder.run(objective(Peeking, tmp_path))


def test_inputs_that_the_kit_does_not_have_are_skipped_with_a_reason(tmp_path):
    with pytest.raises(CheckSkippedError, match="no tiny encoder of smells"):
        objectives.teaches_the_encoder.run(objective(Towards, tmp_path, inputs=("smells",)))
