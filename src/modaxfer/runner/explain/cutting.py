"""From what an encoder is given of a row to parts that can be moved: one way for each kind of tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Processor
from modaxfer.runner.explain.part import NO_PART, Part
from modaxfer.runner.explain.units import bands_and_stretches, cells, heights, window_of

__all__ = ["CUTTERS", "Known", "token_part"]

PAPER = 255
"""White: a patch on which nothing is drawn."""

QUIETER = 0.1
"""Of the noise that says nothing of a sound: 20 dB below the sound."""

EMPTY = 1
"""Token of an embedded text that has no word, see `modaxfer.bridges.embed.text`."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a cutter knows besides the tensor."""

    key: str
    fields: tuple[str, ...]
    processor: Processor
    """Of the tower."""
    patch: int | None
    """Pixels per side of the encoder's patch."""
    mean: torch.Tensor | None
    """Mean of the same tensor over training rows, where it has one shape in all of them and is known."""


def token_part(known: Known, ids: torch.Tensor, embedding: nn.Module) -> Part:
    """Return the tokens of a text as their embeddings; x₀ has a token that says nothing instead of each.

    Args:
        known: What there is to know.
        ids: int64 ``[tokens]``, or ``[windows, tokens]``.
        embedding: Looks them up.
    """
    tokenizer = getattr(known.processor, "tokenizer", None)
    name, blank, special = _blank(tokenizer)
    kept = torch.isin(ids, torch.tensor(sorted(special), device=ids.device))
    numbers = torch.arange(ids.numel(), device=ids.device).reshape(ids.shape)
    with torch.no_grad():
        values, baseline = (
            embedding(each).detach().float() for each in (ids, torch.where(kept, ids, torch.full_like(ids, blank)))
        )
    return Part(
        key=known.key,
        kind="tokens",
        fields=known.fields,
        values=values,
        baseline=baseline,
        said=f"every token but special ones is {name}",
        units=numbers.masked_fill(kept, NO_PART).unsqueeze(-1),
        shape=(ids.numel(),),
        labels=_readable(tokenizer, ids),
        embedding=embedding,
    )


def _blank(tokenizer: Any) -> tuple[str, int, set[int]]:
    """Return name and number of the token that says nothing, and those that stay."""
    if tokenizer is None:
        return "the token of an empty text", EMPTY, {0}
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for one, number in (
        (tokenizer.mask_token, tokenizer.mask_token_id),
        (tokenizer.pad_token, tokenizer.pad_token_id),
    ):
        if number is not None:
            return str(one), int(number), special
    return str(tokenizer.unk_token), int(tokenizer.unk_token_id or 0), special


def _readable(tokenizer: Any, ids: torch.Tensor) -> tuple[str, ...]:
    numbers = ids.reshape(-1).tolist()
    if tokenizer is None:
        return tuple(f"token {place + 1}" for place in range(len(numbers)))
    pieces = tokenizer.convert_ids_to_tokens(numbers)
    # Byte-level and sentence pieces mark a space, word pieces mark that there is none.
    return tuple(str(piece).replace("Ġ", " ").replace("▁", " ") for piece in pieces)


def _picture(known: Known, values: torch.Tensor) -> Part:
    """Cut ``[3, height, width]``."""
    units, shape = cells(values.shape[1], values.shape[2], known.patch)
    return _seen(known, values, units.unsqueeze(0).to(values.device), shape)


def _patches(known: Known, values: torch.Tensor) -> Part:
    """Cut a strip ``[patches, ...]``; x₀ is white paper."""
    units = torch.arange(len(values), device=values.device).reshape(-1, *[1] * (values.ndim - 1))
    return Part(
        key=known.key,
        kind="patches",
        fields=known.fields,
        values=values,
        baseline=torch.full_like(values, PAPER),
        said="white paper",
        units=units,
        shape=(len(values),),
    )


def _embedded_picture(known: Known, values: torch.Tensor) -> Part:
    """Cut the patches ``[patches, pixels]`` of an embedded picture."""
    side = math.isqrt(len(values))
    units = torch.arange(len(values), device=values.device)[:, None]
    return _seen(known, values, units, (side, side) if side * side == len(values) else (1, len(values)))


def _seen(known: Known, values: torch.Tensor, units: torch.Tensor, shape: tuple[int, ...]) -> Part:
    """Return a picture in `units`; x₀ is the mean training picture, or mid grey."""
    usual = known.mean is not None and known.mean.shape == values.shape
    baseline = known.mean if usual and known.mean is not None else torch.full_like(values, PAPER / 2)
    return Part(
        key=known.key,
        kind="picture",
        fields=known.fields,
        values=values,
        baseline=baseline.to(values),
        said="the mean training picture" if usual else "mid grey, as no training picture is at hand",
        units=units,
        shape=shape,
    )


def _wave(known: Known, values: torch.Tensor) -> Part:
    """Cut a sound ``[samples]``, or ``[rows, samples]``, by its spectra, of which it is made again without loss.

    The way from x₀ to x is the same as that of the samples, since spectra are linear in them; so attributions are of
    frequencies as well as of times (Vielhaben et al. 2024, "Explainable AI for time series via Virtual Inspection
    Layers").
    """
    rate, samples = int(getattr(known.processor, "rate", 16_000)), values.numel()
    window = window_of(samples, rate)
    taper = torch.hann_window(window, device=values.device)
    settings: dict[str, Any] = {"n_fft": window, "hop_length": window // 4, "window": taper, "center": True}

    def spectra(wave: torch.Tensor) -> torch.Tensor:
        made = torch.stft(wave.reshape(-1), **settings, pad_mode="constant", return_complex=True)
        return torch.view_as_real(made)

    def enter(made: torch.Tensor) -> torch.Tensor:
        complex_ = torch.view_as_complex(made.contiguous())
        return torch.istft(complex_, **settings, length=samples).reshape(-1, *values.shape)

    noise = torch.randn(values.shape, generator=torch.Generator().manual_seed(0)).to(values)
    place = heights(np.linspace(0.0, rate / 2, window // 2 + 1))
    x = spectra(values)
    units, shape = bands_and_stretches(place, x.shape[1])
    return Part(
        key=known.key,
        kind="sound",
        fields=known.fields,
        values=x,
        baseline=spectra(noise * values.std() * QUIETER),
        said="white noise, 20 dB below the sound",
        units=units.unsqueeze(-1).to(values.device),
        shape=shape,
        enter=enter,
        extent=(samples / rate, rate / 2),
    )


def _spectrum(known: Known, values: torch.Tensor) -> Part:
    """Cut log-mel bands ``[bands, frames]``; x₀ is as loud throughout as the sound's quietest moment."""
    rate = int(getattr(known.processor, "rate", 16_000))
    units, shape = bands_and_stretches(np.linspace(0.0, 1.0, len(values)), values.shape[1])
    hop = getattr(getattr(known.processor, "extractor", None), "hop_length", rate // 100)
    return Part(
        key=known.key,
        kind="spectrum",
        fields=known.fields,
        values=values,
        baseline=torch.full_like(values, float(values.min())),
        said="silence: the quietest number of the sound's own spectrogram throughout",
        units=units.to(values.device),
        shape=shape,
        extent=(values.shape[1] * hop / rate, rate / 2),
    )


def _frames(known: Known, values: torch.Tensor) -> Part:
    """Cut frames ``[frames, numbers]`` by time alone; x₀ is 0, what is usual in training sounds or silent."""
    steps = torch.arange(len(values), device=values.device)
    stretches = min(24, len(values))
    return Part(
        key=known.key,
        kind="spectrum",
        fields=known.fields,
        values=values,
        baseline=torch.zeros_like(values),
        said="the usual: 0 in each standardised band",
        units=(steps * stretches // len(values))[:, None],
        shape=(1, stretches),
    )


def _values(known: Known, values: torch.Tensor) -> Part:
    """Cut what a sound model of unknown inside is given: rows of samples, or frames."""
    extractor = getattr(known.processor, "extractor", None)
    wave = int(getattr(extractor, "feature_size", 1) or 1) == 1
    return _wave(known, values) if wave else _frames(known, values)


CUTTERS: Mapping[str, Callable[[Known, torch.Tensor], Part]] = {
    "pixel_values": _picture,
    "patches": _patches,
    "pixels": _embedded_picture,
    "input_values": _wave,
    "input_features": _spectrum,
    "frames": _frames,
    "values": _values,
}
"""By the last name of a batch's key."""
