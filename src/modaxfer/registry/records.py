"""What the register knows: kinds of things, the plugins that bring them, and what was wrong with a plugin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from modaxfer.spec import (
    AugmentationSpec,
    BridgeSpec,
    CheckpointSpec,
    ClassicalHeadSpec,
    EncoderSpec,
    HeadSpec,
    MetricSpec,
    ObjectiveSpec,
    ProblemSpec,
    ReportSpec,
    StrategySpec,
    TaskSpec,
    TransferabilitySpec,
    ValidatorSpec,
)

__all__ = ["BUILTIN", "KINDS", "Entry", "Kind", "LoadError", "PluginRecord", "Stage", "State"]

BUILTIN = "modaxfer"
"""Namespace of the framework's own entries; no plugin may claim it."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing that plugins bring."""

    name: str
    plural: str
    spec: type[Any]

    @property
    def hook(self) -> str:
        """Name of the hook that brings things of this kind."""
        return f"modaxfer_{self.plural}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("encoder", "encoders", EncoderSpec),
        Kind("checkpoint", "checkpoints", CheckpointSpec),
        Kind("bridge", "bridges", BridgeSpec),
        Kind("head", "heads", HeadSpec),
        Kind("classical head", "classical_heads", ClassicalHeadSpec),
        Kind("augmentation", "augmentations", AugmentationSpec),
        Kind("strategy", "strategies", StrategySpec),
        Kind("objective", "objectives", ObjectiveSpec),
        Kind("validator", "validators", ValidatorSpec),
        Kind("transferability score", "transferability", TransferabilitySpec),
        Kind("task", "tasks", TaskSpec),
        Kind("problem", "problems", ProblemSpec),
        Kind("metric", "metrics", MetricSpec),
        Kind("report", "reports", ReportSpec),
    )
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One registered thing."""

    kind: str
    plugin: str
    """Namespace of the plugin that brings it."""
    spec: Any
    """The plugin's frozen spec, of the type that its kind asks for."""

    @cached_property
    def name(self) -> str:
        """Short name: ``vit``."""
        return str(self.spec.name)

    @cached_property
    def id(self) -> str:
        """Full name, unique within its kind: ``modaxfer/vit``."""
        return f"{self.plugin}/{self.name}"


class State(StrEnum):
    """How a plugin stands."""

    INSTALLED = "installed"
    """Only its metadata has been read; its module is not imported yet."""
    LOADED = "loaded"
    BROKEN = "broken"
    INCOMPATIBLE = "incompatible"
    """Written for another `MODAXFER_API`."""
    DISABLED = "disabled"
    """``MODAXFER_PLUGINS`` leaves it out."""
    CLASHING = "clashing"
    """Its namespace is taken."""
    MISSING = "missing"
    """``MODAXFER_PLUGINS`` names it, and it is not installed."""


class Stage(StrEnum):
    """How far a plugin came; they follow each other in this order."""

    DISCOVER = "discover"
    IMPORT = "import"
    API = "api"
    HOOKS = "hooks"
    SPECS = "specs"
    REGISTER = "register"


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """One plugin: where it comes from and how it stands."""

    namespace: str
    module: str = ""
    distribution: str = ""
    version: str = ""
    origin: str = ""
    """``core``, ``distribution``, or ``editable`` where an installation leads to a folder of sources."""
    state: State = State.INSTALLED
    stage: Stage = Stage.DISCOVER
    """The stage that failed; else the last one that was passed."""
    error: str = ""
    notices: tuple[str, ...] = ()
    """What is not as it should be in a plugin that works: slow, heavy."""
    api: int | None = None
    """The interface that it speaks; known once it is loaded, as is what follows."""
    kinds: tuple[str, ...] = ()
    """Kinds of what it brings."""
    milliseconds: float | None = None
    """What it took to import it and to ask for all that it brings."""

    def __str__(self) -> str:
        origin = " ".join(part for part in (self.distribution, self.version) if part)
        return f"plugin {self.namespace!r}" + (f" ({origin})" if origin else "")

    @property
    def failure(self) -> str:
        """One line that says why it is not loaded; empty where nothing is wrong."""
        return f"{self} is {self.state} at {self.stage}: {self.error}" if self.error else ""


class LoadError(Exception):
    """A plugin cannot be loaded. The loader turns it into the plugin's record; users never see it raised."""

    def __init__(self, text: str, state: State = State.BROKEN, stage: Stage = Stage.DISCOVER) -> None:
        super().__init__(" ".join(text.split()))
        self.state, self.stage = state, stage
