"""Losses that plans of tests name."""

from __future__ import annotations

import torch
from torch import nn

from modaxfer.contracts import LossOutput


class Scalar(nn.Module):
    """One number, whatever it is given."""

    def __init__(self, context):
        super().__init__()

    def forward(self, step):
        return torch.tensor(1.0)


class Rows(Scalar):
    """A number per row."""

    def forward(self, step):
        return step.only.outputs.square().mean(1)


class Learned(Scalar):
    """A scale of its own on each row."""

    def __init__(self, context):
        super().__init__(context)
        self.scale = nn.Parameter(torch.ones(context.outputs))

    def forward(self, step):
        return (step.only.outputs * self.scale).square().mean(1)


class Counting(Rows):
    """A number per row, and how many it was given."""

    def __init__(self, context):
        super().__init__(context)
        self.register_buffer("rows", torch.zeros(()))

    def forward(self, step):
        self.rows += len(step.only.rows)
        return super().forward(step)


class Drawn(nn.Linear):
    """Weights drawn at random."""

    def __init__(self, context):
        super().__init__(context.width, 1)


class MeanGap(nn.Module):
    """The squared distance of two streams' mean vectors, on a scale of its own."""

    def __init__(self, context):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, step):
        one, other = (stream.pooled.mean(0) for stream in step.streams.values())
        gap = (one - other).square().sum()
        return LossOutput(losses=self.scale * gap, numbers={"gap": gap})


class Distil(nn.Module):
    """Distance from the model as the phase began, asked on the way and computed before, and from the last step."""

    def __init__(self, context):
        super().__init__()
        self.before = context.start(next(iter(context.streams)))
        self.register_buffer("last", torch.zeros(context.outputs))

    def forward(self, step):
        stream = step.only
        with torch.no_grad():
            asked = self.before(stream.inputs).float()
        # The batch goes through another padding than the whole split did.
        torch.testing.assert_close(asked, stream.extras["teacher"], rtol=1e-3, atol=1e-4)
        anchors = (stream.extras["teacher"], self.last.clone())
        self.last.copy_(stream.outputs.detach().mean(0))
        return sum((stream.outputs - anchor).square().mean(1) for anchor in anchors)


def teacher(seen, stream):
    """Return the outputs of the model as it is."""
    return seen[stream].outputs


def gaps(seen, stream, of):
    """Return each row's distance from every class mean of stream `of`, whose labels are given."""
    labelled = seen[of]
    own, other = seen[stream].pooled(), labelled.pooled()
    assert (seen[stream].targets, len(labelled.rows)) == (None, len(labelled.targets))
    classes = range(int(labelled.targets.max()) + 1)
    means = torch.stack([other[torch.from_numpy(labelled.targets == one)].mean(0) for one in classes])
    return torch.cdist(own, means)


def first(seen, stream):
    """Return an array of one row."""
    return seen[stream].outputs[:1]


class Nearest(Scalar):
    """Cross-entropy against the nearest class mean, by how sure the model was of the row; it counts its calls."""

    def __init__(self, context):
        super().__init__(context)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, step):
        stream = step.only
        self.calls += 1
        losses = nn.functional.cross_entropy(stream.outputs, stream.extras["gaps"].argmin(1), reduction="none")
        return losses * stream.targets.max(1).values


class Largest(nn.Module):
    """The largest of all losses of a step, which has to see them all."""

    whole = True

    def __init__(self, names):
        super().__init__()
        self.names = names

    def forward(self, losses, shares):
        assert tuple(losses) == self.names
        assert set(shares.values()) == {1.0}
        return {"largest": torch.stack([*losses.values()]).max()}

    def backward(self, losses, backward):
        backward(losses["largest"])


class ByLoss(nn.Module):
    """A combiner that is given the gradient of each loss, and adds them up."""

    def __init__(self, names):
        super().__init__()

    def forward(self, losses, shares):
        return losses

    def weigh_gradients(self, gramian):
        return torch.ones(len(gramian))


class Confident:
    """A validator: least entropy."""

    needs_labels = False

    def __init__(self, context, role="target"):
        self.names = context.of_role(role)

    def __call__(self, seen):
        shares = [seen[name].outputs.softmax(1) for name in self.names]
        return sum((each * each.log()).sum(1).mean() for each in shares)


def spread(seen, of):
    """Measure how far the outputs of a stream's validation rows lie apart."""
    return {f"spread of {of} of {name}": each.outputs.std().item() for name, each in seen.items()}


class Held(nn.Module):
    """How far parameters are from where the run and the phase began."""

    def __init__(self, context):
        super().__init__()

    def forward(self, step):
        anchored = step.parameters.values()
        return sum(
            (known.now - known.run_start).square().sum() + (known.now - known.phase_start).square().sum()
            for known in anchored
        )


class Toward(nn.Module):
    """A loss of the head's bias whose gradient is the same everywhere."""

    def __init__(self, context, direction):
        super().__init__()
        self.register_buffer("direction", torch.tensor(direction))

    def forward(self, step):
        (bias,) = (
            known.now for name, known in step.parameters.items() if name.startswith("head") and known.now.ndim == 1
        )
        return (bias * self.direction).sum()


class Earliest:
    """A validator that likes every epoch less than the one before."""

    needs_labels = False

    def __init__(self, context):
        self.asked = 0

    def __call__(self, seen):
        self.asked += 1
        return -float(self.asked)
