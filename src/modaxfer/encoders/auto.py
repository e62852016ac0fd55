"""Any architecture that Transformers' AutoModel loads, as one opaque layer: cut at its ends only, masks still right."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any, ClassVar, Self

import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Batch, Hidden, InputLayout, Origin, Processor, Shape
from modaxfer.encoders.body import LayeredEncoder
from modaxfer.encoders.lengths import MOST_PIXELS, MOST_SECONDS, RATE
from modaxfer.encoders.opaque import OpaqueBody, SoundBody, TextBody, fold, image_body
from modaxfer.encoders.own_code import is_own
from modaxfer.encoders.pixels import ImageSettings, PixelScale, read_image_settings
from modaxfer.encoders.processors.audio import FrameProcessor, read_feature_extractor
from modaxfer.encoders.processors.image import ImageProcessor
from modaxfer.encoders.silence import quiet
from modaxfer.encoders.text import text_layout, text_processor
from modaxfer.encoders.trial import set_unused_aside, start_afresh
from modaxfer.errors import RefusedError
from modaxfer.spec import AUDIO, EMBEDDINGS, IMAGE, TEXT, Signal

__all__ = ["AutoEncoder"]

KINDS = {"input_ids": TEXT, "pixel_values": IMAGE, "input_values": AUDIO, "input_features": AUDIO}
"""Signal by the name of a model's main input."""

TWO_TOWERS = ("clip", "siglip")
"""Models of pictures and texts whose picture half is taken."""


class AutoEncoder(LayeredEncoder):
    """One model of unknown inside. What enters its only layer is the input itself, as rows of the model's width.

    Text: ``input_ids`` and ``mask`` as for BERT; the word embeddings enter, zeros fill them up to the model's width;
    of embedded content, as many numbers of each token enter as a word embedding has.
    Pictures: ``pixel_values`` uint8 ``[batch, 3, size, size]``; the scaled pixels enter, cut into rows. A feature map
    ``[batch, channels, height, width]`` that comes out is read as ``height * width`` tokens.
    Sounds: ``values`` float32 ``[batch, rows, ...]`` and ``lengths``; clips of equal length run together, unpadded:
    nothing is known of how the model would treat padding. What of the model no token depends on (a pooler, say) is kept
    as buffers, so that every parameter gets a gradient.
    """

    front: ClassVar[tuple[str, ...]] = ("words",)

    attention: ClassVar[str | None] = None

    def __init__(self, model: Any, origin: Origin) -> None:
        super().__init__(model.config, origin)
        kind = self.kind = self.inputs(model.config)[0].kind
        self.words: nn.Module | None = None
        self.settings, self.scale = ImageSettings(), None
        body: OpaqueBody
        if kind == "text":
            body = TextBody(model.get_encoder() if model.config.is_encoder_decoder else model)
            self.words = body.take_words()
        elif kind == "image":
            self.settings = read_image_settings(origin)
            self.scale = PixelScale(self.settings)
            body = image_body(model, self.layout(model.config, kind, origin.options).image_size or MOST_PIXELS)
        else:
            body = SoundBody(model)
        set_unused_aside(body)
        self.layers, self.norm = nn.ModuleList([body]), None

    @classmethod
    def from_config(cls, config: Any, *, origin: Origin | None = None) -> Self:
        """Build it with random weights, from which a convolutional network can learn."""
        encoder = super().from_config(config, origin=origin)
        start_afresh(encoder.layers[0])
        return encoder

    @classmethod
    def inputs(cls, config: Any) -> tuple[Signal, ...]:
        """Say what a model of this config takes: one kind of raw input, and in the case of text embeddings too.

        Raises:
            RefusedError: AutoModel does not know it, or it takes several signals at once or another one.
        """
        if config.model_type in TWO_TOWERS:
            return (IMAGE,)
        model_class = _class_of(config)
        name = model_class.main_input_name
        several = hasattr(config, "vision_config") or hasattr(config, "audio_config")
        if several or name not in KINDS:
            raise RefusedError(
                f"a model of type {config.model_type} does not take one text, picture or sound",
                got=f"main input {name}",
                allowed=sorted(KINDS),
                fix="choose an encoder of one signal",
            )
        if KINDS[name] is not TEXT:
            return (KINDS[name],)
        if "inputs_embeds" not in inspect.signature(model_class.forward).parameters:
            raise RefusedError(
                f"a model of type {config.model_type} cannot be entered behind its word embeddings",
                got=f"{model_class.__name__}.forward without inputs_embeds",
                fix="choose another text encoder",
            )
        return (TEXT, EMBEDDINGS)

    @classmethod
    def pooling(cls, config: Any) -> str:
        """Return how tokens of an unknown model are pooled."""
        return "mean"

    @classmethod
    def shape(cls, config: Any) -> Shape:
        """Read the width from a config; of an image model, from an empty model that runs without numbers."""
        if cls.inputs(config)[0] is not IMAGE:
            return Shape(depth=1, hidden_size=config.hidden_size)
        return Shape(depth=1, hidden_size=_seen(config, _image_size(config)))

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say what an input may be; of a picture as many tokens enter as its numbers fill rows of the model's width.

        Raises:
            RefusedError: The model takes another kind, `options` ask for more than it holds, or its pictures are of
                another size.
        """
        takes = [signal.kind for signal in cls.inputs(config)]
        if kind not in takes:
            raise RefusedError(
                f"a model of type {config.model_type} takes {' or '.join(takes)}",
                got=kind,
                fix=f"choose a bridge that ends in {' or '.join(takes)}",
            )
        if kind in ("text", "embeddings"):
            return replace(text_layout(config, "text", options), kind=kind)
        if kind == "image":
            size = options.image_size or _image_size(config)
            rows = -(-3 * size * size // _seen(config, size))
            return InputLayout(kind=kind, max_tokens=rows, image_size=size)
        seconds = float(options.seconds or MOST_SECONDS)
        tokens = int(seconds * RATE) // config.hidden_size + 1
        return InputLayout(kind=kind, max_tokens=tokens, rate=RATE, seconds=seconds * (options.parts or 1))

    def processor(self, kind: str) -> Processor:
        """Return the preparation for raw inputs of signal `kind`.

        Raises:
            RefusedError: The model takes another kind.
        """
        options, trusted = self.origin.options, self.origin.trust_remote_code
        if kind == "embeddings":
            raise RefusedError("embeddings are prepared by their bridge, not by the encoder", got=kind)
        layout = self.layout(self.config, kind, options)
        if kind == "text":
            return text_processor(self, layout)
        if kind == "image":
            return ImageProcessor(layout.image_size or MOST_PIXELS, self.settings.resample, layout.max_tokens)
        extractor = read_feature_extractor(self.source_folder(), trust_remote_code=trusted)
        return FrameProcessor(extractor, options.seconds or MOST_SECONDS, self.hidden_size, options.parts)

    def embed_inputs(self, batch: Batch) -> Hidden:
        """Turn a batch into rows ``[batch, rows, hidden]`` that hold the input without loss."""
        if self.words is not None:
            return Hidden(fold(self.words(batch["input_ids"]), self.hidden_size), batch["mask"])
        if self.scale is not None:
            rows = fold(self.scale(batch["pixel_values"]).flatten(1), self.hidden_size)
            return Hidden(rows, torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device))
        rows = fold(batch["values"], self.hidden_size)
        steps = torch.arange(rows.shape[1], device=rows.device)
        return Hidden(rows, steps < batch["lengths"].to(rows.device)[:, None])

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Let content in as it is; the model adds positions itself.

        Raises:
            TypeError: The model does not take text.
        """
        self._require_text()
        return hidden

    def drop_front(self) -> None:
        """Give up the word embeddings.

        Raises:
            TypeError: The model does not take text.
        """
        self._require_text()
        super().drop_front()

    def _require_text(self) -> None:
        if self.kind != "text":
            self._refuse_entry()

    def run(self, hidden: Hidden, start: int, stop: int) -> Hidden:
        """Run the whole model, if its one layer is among `start` ... `stop - 1`."""
        for layer in self.layers[start:stop]:
            hidden = layer(hidden)
        return hidden


def _class_of(config: Any) -> Any:
    from transformers import MODEL_MAPPING
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    if type(config) in MODEL_MAPPING:
        found = MODEL_MAPPING[type(config)]
        return found[0] if isinstance(found, list | tuple) else found
    own = getattr(config, "auto_map", {}).get("AutoModel")
    # A config of Transformers' own may name code as well, without anybody having allowed it.
    if own is None or not is_own(config):
        raise RefusedError(
            f"AutoModel loads no model of type {config.model_type}", fix="choose a model that AutoModel understands"
        )
    # Its config came from the same code, so it has been allowed to run already.
    return get_class_from_dynamic_module(own, config.name_or_path)


def _seen(config: Any, size: int) -> int:
    """Return how wide the tokens are that a model makes of a picture of `size`; an empty one is run without numbers.

    Raises:
        RefusedError: It takes no pictures of this size.
    """
    config = getattr(config, "vision_config", config)
    key = config.to_json_string(use_diff=False), size
    if key in _SEEN:
        return _SEEN[key]
    try:
        with quiet(), torch.device("meta"), torch.no_grad():
            tokens = image_body(_class_of(config)(config).eval(), size).see(torch.zeros(1, 3, size, size))
    except (RuntimeError, ValueError) as error:
        raise RefusedError(
            f"a model of type {config.model_type} takes no pictures of {size} pixels per side",
            got=" ".join(str(error).split())[:200],
            fix=f"--set encoder.image_size={_image_size(config)}",
        ) from error
    return _SEEN.setdefault(key, int(tokens.shape[2]))


_SEEN: dict[tuple[str, int], int] = {}
"""What `_seen` found, by config and size: it is asked several times in a run, and builds a model each time."""


def _image_size(config: Any) -> int:
    size = getattr(getattr(config, "vision_config", config), "image_size", None) or MOST_PIXELS
    return int(size if isinstance(size, int | float) else max(size))
