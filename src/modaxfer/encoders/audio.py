"""Sound encoders: wav2vec 2.0 and its kin over waveforms, Whisper's encoder half over log-mel frames."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Batch, Hidden, InputLayout, Origin, Processor
from modaxfer.encoders.body import LayeredEncoder
from modaxfer.encoders.lengths import MOST_SECONDS, MOST_TOKENS, RATE
from modaxfer.encoders.positions import stretched
from modaxfer.encoders.processors.audio import MelProcessor, WaveformProcessor, frames_after, read_feature_extractor
from modaxfer.errors import RefusedError

__all__ = ["Wav2Vec2Encoder", "WhisperEncoder"]

MOST_FREE = 1500
"""Embedded tokens that are read where nothing else is asked for and no position table sets a bound: of 30 s."""

FRAMES_PER_TOKEN, HOP = 2, 160
"""Whisper: mel frames per token, samples per mel frame."""


class Wav2Vec2Encoder(LayeredEncoder):
    """wav2vec 2.0 (Baevski et al. 2020) and HuBERT (Hsu et al. 2021), without quantiser and length adapter.

    A batch holds ``input_values`` float32 ``[batch, samples]`` and ``lengths`` int64 ``[batch]``; without these every
    row is heard to its end. Embedded content enters behind the convolutions and their projection; positions are
    convolved from it, so any number of tokens goes.
    """

    front: ClassVar[tuple[str, ...]] = ("convolutions", "projection")

    def __init__(self, model: Any, origin: Origin) -> None:
        super().__init__(model.config, origin)
        self.convolutions = model.feature_extractor.conv_layers
        self.projection = model.feature_projection
        self.positions = model.encoder.pos_conv_embed
        self.dropout = model.encoder.dropout
        stable = model.config.do_stable_layer_norm
        self.entry_norm = None if stable else model.encoder.layer_norm
        self.norm = model.encoder.layer_norm if stable else None
        self.layers = model.encoder.layers

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say its rate and how many tokens the longest sound makes, or how many embeddings it takes.

        Raises:
            RefusedError: It takes no such kind.
        """
        if kind == "embeddings":
            return InputLayout(kind=kind, max_tokens=options.max_tokens or MOST_FREE)
        _require_audio(kind)
        seconds = float(options.seconds or MOST_SECONDS)
        tokens = max(1, frames_after(int(seconds * RATE), _strides(config)))
        return InputLayout(kind=kind, max_tokens=tokens, rate=RATE, seconds=seconds * (options.parts or 1))

    def processor(self, kind: str) -> Processor:
        """Return the resampler, for `kind` audio.

        Raises:
            RefusedError: `kind` is not audio.
        """
        _require_audio(kind)
        extractor = read_feature_extractor(self.source_folder(), trust_remote_code=self.origin.trust_remote_code)
        options = self.origin.options
        return WaveformProcessor(extractor, options.seconds or MOST_SECONDS, _strides(self.config), options.parts)

    def embed_inputs(self, batch: Batch) -> Hidden:
        """Turn waveforms into ``[batch, tokens, hidden]``; silence that fills up a batch leaves no trace."""
        return self.embed_tokens(self.content(batch))

    def content(self, batch: Batch) -> Hidden:
        """Return what enters `embed_tokens`: frames of the convolutions, projected, ``[batch, tokens, hidden]``."""
        return self.content_and_frames(batch)[0]

    def content_and_frames(self, batch: Batch) -> tuple[Hidden, torch.Tensor]:
        """Return the same, and the normed frames that were projected, ``[batch, tokens, channels]``."""
        lengths, values = batch.get("lengths"), batch["input_values"].to(self.convolutions[0].conv.weight.dtype)
        if lengths is None:
            frames = self._convolve(values)
            mask = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
        else:
            frames = self._frames(values, lengths)
            tokens = torch.tensor([self.frames(int(length)) for length in lengths])
            mask = (torch.arange(frames.shape[1]) < tokens[:, None]).to(frames.device)
        made = self.projection(frames)
        # HuBERT's says nothing of its norm.
        projected, normed = made if isinstance(made, tuple) else (made, frames)
        return Hidden(projected, mask), normed

    def frames(self, samples: int) -> int:
        """Return how many frames the convolutions make of so many samples."""
        return frames_after(samples, _strides(self.config))

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Add convolved positions, to which padding is silent, and normalise: ``[batch, tokens, hidden]``."""
        states = hidden.tokens * hidden.mask.unsqueeze(-1)
        states = states + self.positions(states)
        if self.entry_norm is not None:
            states = self.entry_norm(states)
        return Hidden(self.dropout(states), hidden.mask)

    def _frames(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Run the convolutions: ``[batch, samples]`` to ``[batch, frames, channels]``.

        A group norm takes its statistics over time and would see the padding, so rows of equal length run together,
        each group without padding. Without one, all rows run at once: a frame sees nothing behind its own end.
        """
        if self.config.feat_extract_norm != "group":
            return self._convolve(values)
        longest = frames_after(values.shape[1], _strides(self.config))
        frames = values.new_zeros(len(values), longest, self.config.conv_dim[-1])
        for length in sorted(set(lengths.tolist())):
            rows = (lengths == length).nonzero()[:, 0].to(values.device)
            made = self._convolve(values[rows, :length])
            made = nn.functional.pad(made, (0, 0, 0, longest - made.shape[1]))
            frames = frames.to(made.dtype).index_copy(0, rows, made)
        return frames

    def _convolve(self, values: torch.Tensor) -> torch.Tensor:
        states = values[:, None]
        for layer in self.convolutions:
            states = layer(states)
        return states.transpose(1, 2)


class WhisperEncoder(LayeredEncoder):
    """Encoder half of Whisper (Radford et al. 2022), with a window as long as the clip instead of 30 seconds.

    A batch holds ``input_features`` float32 ``[batch, mel bands, frames]`` and, in frames, ``lengths`` int64; without
    these every row is heard to its end. Its sinusoidal positions are a buffer: they were fixed in pretraining and stay
    so.
    """

    front: ClassVar[tuple[str, ...]] = ("conv1", "conv2")
    positions: torch.Tensor
    key_mapping: ClassVar[dict[str, str] | None] = {r"^(model\.)?encoder\.": ""}
    renamed: ClassVar[dict[str, str]] = {"positions": "embed_positions.weight"}

    def __init__(self, model: Any, origin: Origin) -> None:
        super().__init__(model.config, origin)
        self.conv1, self.conv2 = model.conv1, model.conv2
        self.register_buffer("positions", model.embed_positions.weight.detach())
        self.layers = model.layers
        self.norm = model.layer_norm

    @classmethod
    def find_model_class(cls) -> Any:
        """Return the encoder half."""
        # The half alone: the decoder, most of a checkpoint, is neither built nor read.
        from transformers.models.whisper.modeling_whisper import WhisperEncoder as Half

        return Half

    @classmethod
    def part_of(cls, model: Any) -> Any:
        """Return the encoder half."""
        return model.encoder

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say its rate and how many tokens it holds; for embeddings, its table is stretched where more are asked for.

        Raises:
            RefusedError: It takes no such kind, or `options` ask for a longer sound than the position table holds.
        """
        if kind == "embeddings":
            most = min(config.max_source_positions, MOST_TOKENS)
            return InputLayout(kind=kind, max_tokens=options.max_tokens or most)
        _require_audio(kind)
        seconds = _window(config, options)
        tokens = -(-int(seconds * RATE) // (HOP * FRAMES_PER_TOKEN))
        return InputLayout(kind=kind, max_tokens=max(1, tokens), rate=RATE, seconds=seconds * (options.parts or 1))

    def processor(self, kind: str) -> Processor:
        """Return the log-mel extractor, for `kind` audio.

        Raises:
            RefusedError: `kind` is not audio.
        """
        _require_audio(kind)
        return MelProcessor(
            read_feature_extractor(self.source_folder(), trust_remote_code=self.origin.trust_remote_code),
            _window(self.config, self.origin.options),
            self.origin.options.parts,
        )

    def embed_inputs(self, batch: Batch) -> Hidden:
        """Turn mel frames into ``[batch, frames / 2, hidden]``."""
        features = batch["input_features"]
        steps = torch.arange(features.shape[-1], device=features.device)
        whole = torch.full((len(features),), features.shape[-1], device=features.device)
        lengths = batch.get("lengths", whole).to(features.device)
        states = nn.functional.gelu(self.conv1(features.to(self.conv1.weight.dtype)))
        # Behind a clip's end the second convolution must find zeros, as it would behind the end of the window.
        states = states * (steps < lengths[:, None])[:, None]
        states = nn.functional.gelu(self.conv2(states)).transpose(1, 2)
        mask = steps[: states.shape[1]] < ((lengths + 1) // FRAMES_PER_TOKEN)[:, None]
        return self._placed(Hidden(states, mask), self.positions)

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Add positions: ``[batch, tokens, hidden]``."""
        return self._placed(hidden, stretched(self.positions, self.origin.options.max_tokens))

    def _placed(self, content: Hidden, positions: torch.Tensor) -> Hidden:
        states = content.tokens + positions[: content.tokens.shape[1]]
        return Hidden(nn.functional.dropout(states, self.config.dropout, self.training), content.mask)


def _strides(config: Any) -> tuple[tuple[int, int], ...]:
    return tuple(zip(config.conv_kernel, config.conv_stride, strict=True))


def _window(config: Any, options: EncoderOptions) -> float:
    holds = config.max_source_positions * FRAMES_PER_TOKEN * HOP / RATE
    if options.seconds is not None and options.seconds > holds:
        raise RefusedError(
            "encoder.seconds is more than the position table holds", got=options.seconds, allowed=f"up to {holds:g} s"
        )
    return float(options.seconds or min(MOST_SECONDS, holds))


def _require_audio(kind: str) -> None:
    if kind != "audio":
        raise RefusedError("the encoder takes audio", got=kind, fix="choose a bridge that ends in audio")
