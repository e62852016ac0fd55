"""What `modaxfer.contracts.Encoder` promises, each asked of one encoder; see `modaxfer.testing.checks.encoders`."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden, SparingProcessor, pool
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import ModaxferError, RefusedError
from modaxfer.testing.check import fail, skip
from modaxfer.testing.material.encoder_cases import LENGTHS, EncoderCase
from modaxfer.testing.material.raw_inputs import longest, raws, shortest, tone

__all__ = [
    "require_cuts",
    "require_deterministic",
    "require_gradients",
    "require_kept",
    "require_long_inputs_cut",
    "require_order_free",
    "require_padding_free",
    "require_prepared_alone",
    "require_rate",
    "require_seeded",
    "require_shortest_taken",
    "require_size",
]

NEAR = 1e-5
"""By how much sums in another order may differ, of what is as large as it is at most."""

SELDOM = ("key.bias", "k_proj.bias")
"""Parameters without a gradient by nature: what all keys share falls out of the softmax."""


def require_size(case: EncoderCase) -> None:
    """Require that depth, width and lengths are what the config, the layout and the processor say before."""
    encoder, resolved = case.encoder, case.resolved
    with torch.no_grad():
        inputs = case.given()
        entered, hidden = case.begin(inputs).mask.sum(1).tolist(), case.whole(inputs)
    _same(case, "layers", len(encoder.layers), encoder.depth)
    _same(case, "depth", encoder.depth, resolved.depth)
    _same(case, "hidden_size", encoder.hidden_size, resolved.hidden_size)
    _same(case, "width of its tokens", hidden.tokens.shape[-1], encoder.hidden_size)
    lengths = case.lengths()
    _same(case, "tokens of each row that enter layer 0", entered, lengths)
    layout = resolved.layout(case.kind)
    _same(case, "kind of its layout", layout.kind, case.kind)
    if (most := max(LENGTHS) if case.kind == "embeddings" else max(lengths)) > layout.max_tokens:
        fail(f"{case} reads more tokens than its layout says", got=most, allowed=f"at most {layout.max_tokens}")


def require_rate(case: EncoderCase) -> None:
    """Require that the processor hears at the layout's rate, and that a tone of twice that rate has as many tokens."""
    rate, processor = case.resolved.layout(case.kind).rate, case.encoder.processor(case.kind)
    own = getattr(processor, "rate", rate)
    if not rate or own != rate:
        fail(
            f"{case} hears at another rate than its layout says", got=f"{own} Hz", allowed=f"rate={rate} in its layout"
        )
    examples = processor([tone(rate), tone(2 * rate)])
    lengths = [processor.length(example) for example in examples]
    fix = "resample each Sound from its own rate: samples_of, from modaxfer.encoders"
    if abs(lengths[0] - lengths[1]) > 1:
        fail(f"{case} hears a sound of another rate at another speed", got=lengths, allowed="as many tokens", fix=fix)


def require_deterministic(case: EncoderCase) -> None:
    """Require that in evaluation mode the same batch is the same states, bit by bit."""
    inputs = case.given()
    with torch.no_grad():
        first, again = case.whole(inputs), case.whole(inputs)
    if case.encoder.training or not torch.equal(first.tokens, again.tokens):
        fail(
            f"{case} says different things of the same batch",
            got=f"states that differ by up to {_gap(first.tokens, again.tokens):.2g}",
            allowed="the same states, bit by bit: what is frozen is computed once and kept",
            fix="switch dropout and all other noise off in evaluation mode",
        )


def require_prepared_alone(case: EncoderCase) -> None:
    """Require that rows prepared together are what each is alone, and that so many at once are a whole number."""
    if case.kind == "embeddings":
        return
    processor = case.encoder.processor(case.kind)
    most = processor.rows_at_once if isinstance(processor, SparingProcessor) else 1
    if not isinstance(most, int) or most < 1:
        fail(
            f"{case} says of no number of rows that they are prepared together",
            got=f"rows_at_once={most!r}",
            allowed="a whole number, 1 or more",
            fix="leave rows_at_once out where its rows are small",
        )
    given = raws(case.kind, side=case.side)
    alone = [example for raw in given for example in processor([raw])]
    for row, (one, other) in enumerate(zip(processor(given), alone, strict=True)):
        off = sorted({*one} ^ {*other}) or [name for name in one if not np.array_equal(one[name], other[name])]
        if off:
            fail(
                f"{case} prepares row {row} in another way beside others",
                got=f"another {', '.join(off)} than alone",
                allowed="what it makes of the row alone: nothing is padded, nothing is learned of the others",
                fix="pad in collate, and scale each row by itself",
            )


def require_padding_free(case: EncoderCase, near: float = NEAR) -> None:
    """Require that what stands behind a row changes no state of a real token, and no pooled vector."""
    with torch.no_grad():
        together = case.whole(case.given())
        for row in range(len(together.mask)):
            alone = case.whole(case.given([row]))
            length = alone.tokens.shape[1]
            if not alone.mask.all() or together.mask[row].tolist() != [True] * length + [False] * (
                together.mask.shape[1] - length
            ):
                real = f"{int(together.mask[row].sum())} real tokens in the batch, {int(alone.mask.sum())} alone"
                fail(f"{case} has a wrong mask in row {row}", got=real, allowed=f"the first {length}")
            _close(case, "padding changes a state", together.tokens[row, :length], alone.tokens[0], near)
            for pooling in ("cls", "mean", "mean_std"):
                one, other = pool(together, pooling)[row], pool(alone, pooling)[0]
                _close(case, f"padding changes a vector pooled by {pooling}", one, other, near)


def require_order_free(case: EncoderCase, near: float = NEAR) -> None:
    """Require that the order of a batch's rows changes what is said of none."""
    with torch.no_grad():
        forth, back = case.whole(case.given([0, 1, 2])), case.whole(case.given([2, 1, 0]))
    _close(
        case,
        "the order of rows changes a state",
        _real(forth),
        _real(Hidden(back.tokens.flip(0), back.mask.flip(0))),
        near,
    )


def require_shortest_taken(case: EncoderCase) -> None:
    """Require that the least that can stand in a row gives at least one real token, and numbers."""
    if case.kind == "embeddings":
        inputs: Any = Hidden(torch.zeros(1, 1, case.encoder.hidden_size), torch.ones(1, 1, dtype=torch.bool))
    else:
        processor = case.encoder.processor(case.kind)
        inputs = processor.collate(processor([shortest(case.kind, case.side)]))
    with torch.no_grad():
        hidden = case.whole(inputs)
    if not hidden.mask.any(1).all() or not hidden.tokens[hidden.mask].isfinite().all():
        fail(
            f"{case} makes nothing of the shortest input",
            got=f"{int(hidden.mask.sum())} real tokens, {int((~hidden.tokens.isfinite()).sum())} numbers not finite",
            allowed="at least one real token, all numbers finite",
            fix="pad what is too short in the processor, and mark it as real",
        )


def require_long_inputs_cut(case: EncoderCase) -> None:
    """Require that what is longer than the layout allows is cut by the processor, or refused by it with a reason."""
    if case.kind == "embeddings":
        return
    layout, processor = case.resolved.layout(case.kind), case.encoder.processor(case.kind)
    try:
        examples = processor([longest(case.kind, layout.max_tokens, case.side)])
    except ModaxferError:
        return
    if (length := max(map(processor.length, examples))) > layout.max_tokens:
        fail(
            f"{case} takes more tokens than its layout says",
            got=f"{length} tokens of a long input",
            allowed=f"at most {layout.max_tokens}",
            fix="cut in the processor, or say more in the layout",
        )


def require_gradients(case: EncoderCase) -> None:
    """Require that every parameter gets a gradient that is finite and not zero throughout."""
    twin = EncoderCase(name=case.name, kind=case.kind, encoder=copy.deepcopy(case.encoder), resolved=case.resolved)
    if case.kind == "embeddings":
        twin.encoder.drop_front()
    hidden = twin.whole(twin.given())
    hidden.tokens[hidden.mask].pow(3).sum().backward()  # type: ignore[no-untyped-call]
    named = dict(twin.encoder.named_parameters())
    still = [name for name, one in named.items() if one.grad is None or not one.grad.isfinite().all()]
    still += [name for name, one in named.items() if name not in still and not one.grad.any()]
    if lost := [name for name in still if not name.endswith(SELDOM)]:
        fail(
            f"{case} has parameters that get no gradient",
            got=lost[:5],
            allowed="one that is finite and not zero, for each",
            fix="leave out what no token depends on, or keep it in buffers; cut no graph in run, embed and finish",
        )


def require_cuts(case: EncoderCase) -> None:
    """Require that below and above any cut together are the whole, bit by bit."""
    encoder = case.encoder
    with torch.no_grad():
        inputs = case.given()
        reference, start = case.whole(inputs), case.begin(inputs)
        for cut in range(encoder.depth + 1):
            prefix = encoder.run(start, 0, cut)
            suffix = encoder.finish(encoder.run(prefix, cut, encoder.depth))
            if not torch.equal(suffix.tokens, reference.tokens) or not torch.equal(suffix.mask, reference.mask):
                fail(
                    f"{case}, cut before layer {cut}, is not the whole",
                    got=f"states that differ by up to {_gap(suffix.tokens, reference.tokens):.2g}",
                    allowed="run(hidden, 0, k), then run(hidden, k, depth) and finish: the same, bit by bit",
                    fix="let run do layers start ... stop - 1 and nothing beside, from what Hidden holds alone",
                )


def require_kept(case: EncoderCase, folder: Path, name: str) -> None:
    """Require that what is saved is what is loaded, bit by bit."""
    if case.kind != case.resolved.spec.inputs[0].kind:
        return  # The same tensors, however they are entered.
    try:
        case.encoder.save(folder / case.name)
    except RefusedError as refused:
        skip(f"{case.name} cannot be saved, and says so: {refused.what}")
    loaded = load_encoder(resolve(name, checkpoint=str(folder / case.name)), options=EncoderOptions())
    twin = EncoderCase(name=case.name, kind=case.kind, encoder=loaded, resolved=case.resolved)
    with torch.no_grad():
        one, other = case.whole(case.given()), twin.whole(twin.given())
    if not torch.equal(one.tokens, other.tokens):
        fail(
            f"{case}, saved and loaded, is another",
            got=f"states that differ by up to {_gap(one.tokens, other.tokens):.2g}",
            allowed="the same, bit by bit",
            fix="write every parameter and buffer, and the files that inputs are prepared by, in save",
        )


def require_seeded(case: EncoderCase) -> None:
    """Require that random weights follow the seed, and that torch's generator is left where it was."""
    if case.kind != case.resolved.spec.inputs[0].kind:
        return  # The same weights, however they are entered.

    def drawn(seed: int) -> torch.Tensor:
        made: Any = load_encoder(case.resolved, options=EncoderOptions(), pretrained=False, seed=seed)
        return torch.cat([parameter.detach().flatten() for parameter in made.parameters()])

    before = torch.get_rng_state()
    first, again, other = drawn(3), drawn(3), drawn(4)
    if not torch.equal(first, again) or torch.equal(first, other):
        fail(
            f"random weights of {case.name} do not follow the seed",
            got="other weights by the same seed" if not torch.equal(first, again) else "the same by another seed",
            allowed="the same by the same seed, others by another",
            fix="draw from torch's generator in from_config, and read nothing",
        )
    if not torch.equal(before, torch.get_rng_state()):
        fail(f"to build {case.name} moves torch's generator", allowed="a state as before", fix="fork it")


def _real(hidden: Hidden) -> torch.Tensor:
    return hidden.tokens[hidden.mask]


def _gap(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max()) if one.shape == other.shape else float("inf")


def _same(case: EncoderCase, what: str, got: object, allowed: object) -> None:
    if got != allowed:
        fail(f"{case}: {what} are not as declared", got=got, allowed=allowed, fix="correct shape, layout or length")


def _close(case: EncoderCase, what: str, one: torch.Tensor, other: torch.Tensor, near: float) -> None:
    gap = _gap(one, other)
    if not gap <= near * max(1.0, float(other.abs().max())):
        fail(
            f"{case}: {what}",
            got=f"a difference of {gap:.2g}",
            allowed=f"sums in another order: {near:.0e} of the largest number",
            fix="hand the mask to attention and to every mean; look at no other row",
        )
