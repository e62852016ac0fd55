"""The encoder's own side of preparation: tokenise, resize, extract features. One file per kind of raw input."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

from modaxfer.contracts import Processor
from modaxfer.errors import DataError

__all__ = ["load_processor"]

_READERS = {
    "text": "modaxfer.encoders.processors.text:TextProcessor",
    "image": "modaxfer.encoders.processors.image:ImageProcessor",
    "patches": "modaxfer.encoders.processors.image:PatchProcessor",
    "frames": "modaxfer.encoders.processors.audio:FrameProcessor",
    "mel": "modaxfer.encoders.processors.audio:MelProcessor",
    "waveform": "modaxfer.encoders.processors.audio:WaveformProcessor",
}


def load_processor(folder: Path) -> Processor:
    """Read back what a processor's `save` wrote below `folder`.

    Raises:
        DataError: There is no ``processor.json``, or it names a processor that this version does not know.
    """
    path = folder / "processor.json"
    if not path.is_file():
        raise DataError("no saved processor here", file=path, fix="name the folder that Processor.save wrote")
    kind = json.loads(path.read_text(encoding="utf-8")).get("processor")
    if kind not in _READERS:
        raise DataError("unknown processor", file=path, got=kind, allowed=sorted(_READERS))
    module, _, name = _READERS[kind].partition(":")
    processor: Processor = getattr(import_module(module), name).load(folder)
    return processor
