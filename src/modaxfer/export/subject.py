"""What of a run can be taken away: refused with the reason where it cannot, else told in plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.contracts import PARTS
from modaxfer.encoders.processors.long import HEAD_TAIL
from modaxfer.errors import RefusedError
from modaxfer.runner.model.description import ModelDescription, TowerDescription

if TYPE_CHECKING:
    from modaxfer.runner.predict.predictor import Predictor

__all__ = ["Subject", "refuse_uncarried"]

CARRIED = {
    "modaxfer/native-text": "text",
    "modaxfer/native-image": "image",
    "modaxfer/native-audio": "audio",
    "modaxfer/render": "drawn",
}
"""Bridges whose work a ``pipeline.py`` does, and the kind of input."""

_KINDS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "SquaredError": "square"}
"""By criterion, how outputs become scores."""

LIMIT = "`modaxfer predict` and `modaxfer serve` take any run"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A run whose model is loaded, to be written in another form."""

    run: Path
    predictor: Predictor

    @property
    def described(self) -> ModelDescription:
        """The model in words."""
        return self.predictor.described

    @property
    def tower(self) -> TowerDescription:
        """The way of its only encoder."""
        return self.described.towers[0]

    @property
    def encoder(self) -> Any:
        """Its only encoder, adapter attached."""
        return self.predictor.model.encoder

    @property
    def kind(self) -> str:
        """Kind of its input: ``text``, ``image``, ``audio`` or ``drawn`` (text that is drawn)."""
        return CARRIED[self.tower.bridge.id]

    def answers(self, *, divided: bool = False) -> dict[str, Any]:
        """Return how outputs become answers.

        Args:
            divided: Whether the outputs of the form are divided by the temperature already.
        """
        decision, criterion = self.described.decision, self.described.criterion
        scale = criterion.state().get("scale", {})
        return {
            "kind": _KINDS[type(criterion).__name__],
            "classes": list(self.described.classes),
            "temperature": 1.0 if divided else decision.temperature,
            "thresholds": list(decision.thresholds),
            "cost": [list(row) for row in decision.cost],
            "mean": scale.get("mean", 0.0),
            "deviation": scale.get("deviation", 1.0),
        }

    def inputs(self, *, scaled: bool = True) -> dict[str, Any]:
        """Return how a row becomes a batch.

        Args:
            scaled: Whether pixels are scaled before they enter, not inside.
        """
        fields = [one.name for one in self.tower.fields]
        return {"fields": fields, **_HOW[self.kind](self, scaled)}

    @property
    def _processor(self) -> Any:
        return self.predictor.processor

    def _texts(self, scaled: bool) -> dict[str, Any]:
        processor, long = self._processor, self.tower.encoder_options.long
        return {"max_tokens": processor.max_tokens, "head": HEAD_TAIL if long == "head_tail" else 1.0}

    def _pictures(self, scaled: bool) -> dict[str, Any]:
        settings = self.encoder.settings
        numbers = {name: getattr(settings, name) for name in ("factor", "mean", "deviation", "resample")}
        return {"size": self._processor.size, "scaled": scaled, **numbers}

    def _drawings(self, scaled: bool) -> dict[str, Any]:
        settings = self.encoder.settings
        drawing, _ = self.drawing
        numbers = {name: getattr(settings, name) for name in ("factor", "mean", "deviation")}
        return {"scaled": scaled, **drawing, **numbers}

    @property
    def drawing(self) -> tuple[dict[str, Any], bytes]:
        """How text is drawn, and the font; see `modaxfer.bridges.render.RenderBridge`."""
        bridge: Any = self.tower.build_bridge(None)
        told: tuple[dict[str, Any], bytes] = bridge.drawing
        return told

    def _sounds(self, scaled: bool) -> dict[str, Any]:
        processor = self._processor
        return {
            "rate": processor.rate,
            "seconds": processor.seconds,
            "least": processor.least,
            "key": processor.extractor.model_input_names[0],
        }


def refuse_uncarried(described: ModelDescription) -> None:
    """Refuse, before weights are loaded, a model whose inputs or answers no form of export knows.

    Raises:
        RefusedError: It has several encoders, another bridge than a native one, answers for parts of a row, or reads
            windows.
    """
    tower = described.towers[0]
    if len(described.towers) > 1:
        raise _refused("a run of several encoders", f"{len(described.towers)} encoders")
    if tower.bridge.id not in CARRIED:
        raise _refused("what this bridge does", tower.bridge.id, allowed=sorted(CARRIED))
    if tower.bridge.id == "modaxfer/render":
        _refuse_drawing(tower)
    if tower.readout.pooling in PARTS:
        raise _refused("answers for each part of a row", tower.readout.pooling)
    if type(described.criterion).__name__ not in _KINDS:
        raise _refused("the answers of this problem", described.problem)
    if tower.encoder_options.long == "mean_of_windows":
        raise _refused("a mean over windows of a row", "encoder.long=mean_of_windows", allowed="head, head_tail")


def _refuse_drawing(tower: TowerDescription) -> None:
    """Refuse what is drawn in another way than the bundled font's one line: other fonts may not be handed on."""
    options, learned = tower.bridge_options, tower.learned or {}
    if options.unit != "continuous":
        raise _refused("drawing in other units than lines", f"bridge.unit={options.unit}", allowed="continuous")
    if options.font is not None or learned.get("fonts"):
        raise _refused("drawing with fonts of this machine", options.font or "stand-ins for missing characters")


def _refused(what: str, got: object, *, allowed: object = None) -> RefusedError:
    return RefusedError(f"{what} cannot be done without modaxfer", got=got, allowed=allowed, fix=LIMIT)


_HOW: Mapping[str, Any] = {
    "text": Subject._texts,
    "image": Subject._pictures,
    "audio": Subject._sounds,
    "drawn": Subject._drawings,
}
