"""One row explained: attributions, and beside them what tells whether to believe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from modaxfer.contracts import WINDOWS, Example
from modaxfer.runner.explain.answer import Answer, answer_of
from modaxfer.runner.explain.gradients import STEPS, Attributed, attribute
from modaxfer.runner.explain.occlusion import occlude, partial_rank_correlation, rank_correlation
from modaxfer.runner.explain.part import Part, unit_sums
from modaxfer.runner.explain.probe import Probe, joined, opened
from modaxfer.runner.explain.randomised import at_stake, over_draws, randomised
from modaxfer.runner.model.tower import STRETCH
from modaxfer.runner.predict.predictor import Predictor

__all__ = ["Explained", "explain_example"]

INTEGRATED, OCCLUSION, FIELDS = "integrated gradients", "occlusion", "fields"
"""How a row was explained; the last where nothing of what its encoder is given can be moved."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What the units of a row add to an answer."""

    answer: Answer
    value: float
    """f(x)."""
    parts: tuple[Part, ...]
    method: str
    reason: str
    """Why it is not integrated gradients; empty where it is."""
    attributed: Attributed | None
    """Integrated gradients, also where they do not add up and so are not used; None without gradients."""
    sums: tuple[torch.Tensor, ...]
    """By part the attribution of each unit, float64 ``[units]``: by `method`."""
    occlusion: tuple[torch.Tensor, ...]
    """By part what f(x) loses without each unit."""
    correlation: float | None
    """Spearman's, of attributions and occlusion; None where they are the same, or one of them is constant."""
    sanity: tuple[float, ...]
    """Spearman's rank correlation of the sizes of attributions with those of a model with random weights, by draw."""
    beyond: tuple[float, ...] = ()
    """The same without what both owe to how far each unit is from x₀: gradients are multiplied by that distance, so
    that loud places of a sound have large attributions under any weights (Adebayo et al. 2018, section 5.1)."""


def explain_example(
    predictor: Predictor, example: Example, label: str | None, means: Mapping[str, torch.Tensor], *, check: bool = True
) -> Explained:
    """Explain what a model says of a row.

    Args:
        predictor: The model.
        example: The row as the model takes it.
        label: Class that is asked about; None = the one that is predicted.
        means: By key of a batch, the mean of its tensor over training rows.
        check: Whether weights are made random, too, and everything done again, see `randomised`.
    """
    model, described, processor = predictor.model, predictor.described, predictor.processor
    with torch.inference_mode():
        batch = {key: values.to(predictor.computer.device) for key, values in processor.collate([example]).items()}
        answer = answer_of(described, model(batch).float(), label)
    with _without_parameters(model):
        probe = opened(model, described, processor, example, answer, means)
        value = _value(probe)
        reason = _why_no_gradient(probe)
        if not probe.parts:
            return _bare(answer, value, reason)
        occlusion = tuple(occlude(probe, probe.parts, batch=probe.rows))
        attributed = None if reason else _attributed(probe)
        if attributed is not None and not attributed.complete:
            reason = _why_not_complete(attributed)
        sums = occlusion if reason or attributed is None else _sums(probe, attributed)
        sanity = _sanity(predictor, example, means, probe, sums, exact=not reason) if check else []
        return Explained(
            answer=answer,
            value=value,
            parts=probe.parts,
            method=OCCLUSION if reason else INTEGRATED,
            reason=reason,
            attributed=attributed,
            sums=sums,
            occlusion=occlusion,
            correlation=None if reason else rank_correlation(_moved(probe, sums), _moved(probe, occlusion)),
            sanity=tuple(whole for whole, _ in sanity),
            beyond=tuple(beyond for _, beyond in sanity if beyond is not None),
        )


def _value(probe: Probe) -> float:
    with torch.inference_mode():
        if probe.parts:
            return float(probe(*(part.values.unsqueeze(0) for part in probe.parts))[0])
        return float(probe.answer(probe.model(probe.batch).float())[0])


def _why_not_complete(found: Attributed) -> str:
    difference = found.answer - found.baseline
    share = f"{abs(found.gap / difference):.1%}" if difference else "all"
    return (
        f"their sum, {found.total:.4g}, is {share} off f(x) - f(x₀) = {difference:.4g} even with {found.steps} steps: "
        "the answer jumps on the way, as that of a head of nearest rows does"
    )


def _bare(answer: Answer, value: float, reason: str) -> Explained:
    return Explained(
        answer=answer, value=value, parts=(), method=FIELDS, reason=reason, attributed=None, sums=(), occlusion=(),
        correlation=None, sanity=(),
    )  # fmt: skip


def _attributed(probe: Probe, **steps: int) -> Attributed:
    def function(*inputs: torch.Tensor) -> torch.Tensor:
        # An input that plays no part, such as that of an encoder whose vote is not counted, has a gradient of zero.
        idle = sum(
            (each.flatten(1).sum(1) * 0.0 for each in inputs), torch.zeros(len(inputs[0]), device=inputs[0].device)
        )
        return probe(*inputs) + idle

    values, baselines = ([getattr(part, side) for part in probe.parts] for side in ("values", "baseline"))
    return attribute(function, values, baselines, batch=probe.rows, **steps)


def _sums(probe: Probe, attributed: Attributed) -> tuple[torch.Tensor, ...]:
    return tuple(unit_sums(part, each) for part, each in zip(probe.parts, attributed.parts, strict=True))


def _moved(probe: Probe, sums: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return numbers of the units of all parts that hold anything, one behind the other."""
    return joined(
        [each[torch.unique(part.units[part.units >= 0]).cpu()] for part, each in zip(probe.parts, sums, strict=True)]
    )


def _sanity(
    predictor: Predictor,
    example: Example,
    means: Mapping[str, torch.Tensor],
    probe: Probe,
    sums: Sequence[torch.Tensor],
    *,
    exact: bool,
) -> list[tuple[float, float | None]]:
    """Return rank correlations with what is found where weights are random: whole, and beyond the distance to x₀.

    `exact`: by gradients, not occlusion.
    """
    own = _moved(probe, sums).abs()
    far = _moved(probe, [unit_sums(part, (part.values - part.baseline).abs()) for part in probe.parts])

    def draw(seed: int) -> tuple[float, float | None] | None:
        model = randomised(predictor.model, seed)
        other = opened(model, predictor.described, predictor.processor, example, probe.answer, means)
        found = (
            _sums(other, _attributed(other, steps=STEPS, most=STEPS))
            if exact
            else occlude(other, other.parts, batch=other.rows)
        )
        sizes = _moved(other, found).abs()
        some = at_stake(own, sizes)
        whole = rank_correlation(own[some], sizes[some])
        return None if whole is None else (whole, partial_rank_correlation(own[some], sizes[some], far[some]))

    return over_draws(draw)


def _why_no_gradient(probe: Probe) -> str:
    """Return why there are no gradients; empty where there are."""
    windows = any(key.rpartition(".")[2] == WINDOWS for key in probe.batch)
    if not probe.parts:
        given = "windows of a sound, which overlap" if windows else "numbers of a table"
        return f"what the encoder is given are {given}, of which no picture can be made"
    tokens = max((values.numel() for key, values in probe.batch.items() if key.rpartition(".")[2] == "mask"), default=0)
    if windows and tokens > STRETCH:
        return f"the text has {tokens} tokens in windows, more than {STRETCH} at once"
    inputs = [part.values.unsqueeze(0).detach().requires_grad_() for part in probe.parts]
    with torch.enable_grad():
        value = probe(*inputs)
        if not value.requires_grad:
            return "the head has no gradient"
        found = torch.autograd.grad(value.sum(), inputs, allow_unused=True)
    if all(each is None or not bool(each.any()) for each in found):
        return "the gradient is zero everywhere"
    return ""


class _without_parameters:  # noqa: N801 - a context manager that reads as a word
    """Let no parameter of a model ask for a gradient: those of inputs are all that is wanted."""

    def __init__(self, model: Any) -> None:
        self._asking = [each for each in model.parameters() if each.requires_grad]

    def __enter__(self) -> None:
        for each in self._asking:
            each.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for each in self._asking:
            each.requires_grad_(True)
