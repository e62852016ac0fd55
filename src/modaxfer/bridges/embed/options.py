"""What a user can ask of the embed bridge, and which settings do not go together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.contracts import Alignment
from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["RATE", "EmbedOptions", "alignment_of", "check_options"]

METHODS = ("none", "mmd", "otdd")


@dataclass(frozen=True, kw_only=True)
class EmbedOptions:
    """How fields become tokens; ``--set bridge.KEY=VALUE``."""

    max_tokens: int | None = documented(
        None, "Most tokens of a row, all fields together; default what the encoder's body holds.", minimum=1
    )
    units: str = documented("words", "Text: units of a token.", choices=("words", "bytes"))
    vocabulary: int | None = documented(None, "Text: most word pieces that are learned; default 8000.", minimum=300)
    size: int | None = documented(
        None, "Image: pixels per side; default the training pictures' own, at most 14 patches of 16.", minimum=2
    )
    patch: int | None = documented(
        None, "Image: pixels per side of a patch; default 2 to 16, about 64 patches for small pictures.", minimum=1
    )
    mels: int | None = documented(None, "Audio: mel bands; default 64.", minimum=8)
    stack: int | None = documented(
        None, "Audio: frames of 10 ms per token; default 4 to 32, so that the longest training sound fits.", minimum=1
    )
    scaling: str = documented(
        "standard", "Table: how numbers are scaled, by training statistics.", choices=("standard", "quantile")
    )
    rare: int = documented(5, "Table: categories of fewer training rows become one, 'other'.", minimum=1)
    expand: str = documented(
        "none", "Table: numbers as they are, or piecewise linear over quantile bins.", choices=("none", "bins")
    )
    bins: int | None = documented(None, "Table: bins of a number; default 16.", minimum=2)
    combine: str = documented(
        "none", "Table: add products of two numbers and crosses of two categories.", choices=("none", "products")
    )
    combinations: int | None = documented(
        None, "Table: how many are added, those that say most about the training targets; default 16.", minimum=1
    )
    select: int | None = documented(
        None, "Table: keep this many columns, those that say most about the training targets.", minimum=1
    )
    scale: float = documented(
        0.1, "Initial standard deviation of a token's entries, beside the encoder's positions.", minimum=0.001
    )
    align: str = documented(
        "none",
        "ORCA's stage before training: move towards the features of a proxy task. A run from scratch goes without.",
        choices=METHODS,
    )
    proxy: str | None = documented(None, "Align: task in the encoder's own modality whose features are the source.")
    align_steps: int | None = documented(None, "Align: Adam steps; default 300.", minimum=1)
    align_rate: float | None = documented(None, "Align: learning rate; default 0.001.", minimum=0.0)
    align_rows: int | None = documented(None, "Align: most rows of the proxy task to encode; default 512.", minimum=2)


STEPS, ROWS = 300, 512
RATE = 1e-3
"""Of an alignment: Adam steps, learning rate, most rows of the proxy task."""


def alignment_of(options: EmbedOptions) -> Alignment | None:
    """Return the stage before training that `options` ask for; None where they ask for none."""
    if options.align == "none":
        return None
    return Alignment(
        method=options.align,
        proxy=str(options.proxy),
        rows=options.align_rows or ROWS,
        steps=options.align_steps or STEPS,
    )


KINDS = {
    "text": ("units", "vocabulary"),
    "image": ("size", "patch"),
    "audio": ("mels", "stack"),
    "table": ("scaling", "rare", "expand", "bins", "combine", "combinations", "select"),
}
"""Options that speak of one kind of field only."""

NEEDS = {
    "vocabulary": ("units", ("words",)),
    "bins": ("expand", ("bins",)),
    "combinations": ("combine", ("products",)),
    "proxy": ("align", METHODS[1:]),
    "align_steps": ("align", METHODS[1:]),
    "align_rate": ("align", METHODS[1:]),
    "align_rows": ("align", METHODS[1:]),
}
"""Options that mean something only where another has one of these values."""


def check_options(options: EmbedOptions, kinds: Collection[str]) -> None:
    """Check that every option that was set has an effect on fields of `kinds`.

    Raises:
        ConfigError: One has none, sizes contradict each other, or an alignment lacks its proxy task.
    """
    given = {item.name for item in fields(options) if getattr(options, item.name) != item.default}
    for kind, names in KINDS.items():
        if kind not in kinds and (idle := given.intersection(names)):
            raise ConfigError(
                f"bridge.{min(idle)} is for {kind} fields, and there are none",
                got=f"fields of kind {', '.join(sorted(kinds))}",
                fix=f"leave bridge.{min(idle)} out",
            )
    for name, (other, values) in NEEDS.items():
        if name in given and getattr(options, other) not in values:
            raise ConfigError(
                f"bridge.{name} has no effect with bridge.{other}={getattr(options, other)}",
                allowed=f"bridge.{other}={' or '.join(values)}",
                fix=f"leave bridge.{name} out",
            )
    if options.align != "none" and options.proxy is None:
        raise ConfigError(
            f"bridge.align={options.align} needs features to move towards",
            fix="name a task of the encoder's own modality: --set bridge.proxy=TASK",
        )
    if options.size is not None and options.patch is not None and options.size % options.patch:
        raise ConfigError(
            "bridge.size must be a multiple of bridge.patch",
            got=f"{options.size} and {options.patch}",
            fix=f"--set bridge.size={max(1, options.size // options.patch) * options.patch}",
        )
