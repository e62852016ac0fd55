"""What ``make adaptation`` measures: transfers with their methods, chains, and the runs that these take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from resumable import Command

__all__ = [
    "CHAINS",
    "SEEDS",
    "TRANSFERS",
    "Chain",
    "Method",
    "Transfer",
    "cell_of",
    "commands",
    "commands_of",
    "plain",
    "settings_of",
]

SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Method:
    """A strategy with its options."""

    name: str
    strategy: str
    flags: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A source, a task without labels, and what is tried between them."""

    name: str
    encoder: str
    source: str
    task: str
    methods: Sequence[Method]
    flags: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    source_run: Method | None = None
    """How the source is learned where methods start from a run of it, by which the source itself is not seen."""
    seeds: Sequence[int] = SEEDS


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Sources that are learned one after the other, then a task with its labels."""

    name: str
    encoder: str
    sources: tuple[str, ...]
    task: str
    strategy: str
    seeds: Sequence[int] = SEEDS

    @property
    def commands(self) -> tuple[Command, ...]:
        """The runs, each with the same without the sources beside it."""
        flags: dict[str, Any] = {"encoder": (self.encoder,), "source-task": self.sources, "strategy": self.strategy}
        flags |= {"task": (self.task,), "precision": "fp32"}
        return tuple(Command(cell=self.name, seed=seed, flags=flags, forked=True) for seed in self.seeds)


CLOSED = (
    Method(name="coral (closed)", strategy="coral", options={"strategy.underneath": "frozen", "strategy.on": "pooled"}),
    Method(name="ot", strategy="ot"),
    Method(name="label-shift", strategy="label-shift", options={"strategy.underneath": "frozen"}),
)
"""Over a frozen encoder, on features that are computed once."""

TAPT = Method(name="tapt", strategy="tapt", options={"strategy.masked_epochs": 3.0})
"""Everything moves, twice."""

ADAMATCH = Method(name="adamatch", strategy="adamatch")

STEPS = (
    Method(name="mcc", strategy="mcc"),
    Method(name="coral", strategy="coral", options={"strategy.on": "outputs"}),
    Method(name="dann", strategy="dann"),
    ADAMATCH,
)
"""Everything moves."""

DIGITS: dict[str, Any] = {
    "encoder": "cnn",
    "methods": STEPS,
    "flags": {"limit": 1000, "epochs": 10.0, "batch-size": 40},
}
FROZEN: dict[str, Any] = {"methods": CLOSED, "flags": {"limit": 1000}}
"""Of each task 1,000 rows, encoded once."""

TRANSFERS = (
    Transfer(name="mnist-usps", source="digits-mnist", task="digits-usps", **DIGITS),
    Transfer(
        name="usps-mnist",
        encoder="cnn",
        source="digits-usps",
        task="digits-mnist",
        methods=(
            Method(
                name="shot",
                strategy="shot",
                flags={"epochs": 10.0, "batch-size": 32},
                options={"train.patience": 0},
            ),
        ),
        source_run=Method(
            name="source",
            strategy="full",
            flags={"epochs": 10.0, "batch-size": 64, "augment": ("trivial-augment=0.5", "scale=0.5")},
            options={"train.label_smoothing": 0.1, "train.dropout": 0.5, "train.workers": 0},
        ),
    ),
    Transfer(name="books-kitchen", encoder="bert", source="amazon-books", task="amazon-kitchen", **FROZEN),
    Transfer(
        name="jackson-nicolas",
        encoder="whisper",
        source="spoken-digits-jackson",
        task="spoken-digits-nicolas",
        methods=(*CLOSED, replace(ADAMATCH, flags={"epochs": 5.0})),
    ),
    Transfer(name="home-equity-loan-default", encoder="bert", source="home-equity", task="loan-default", **FROZEN),
    Transfer(name="mnist-optical", source="digits-mnist", task="digits-optical", **DIGITS),
    Transfer(
        name="photo-sketch",
        encoder="vit",
        source="pacs-photo",
        task="pacs-sketch",
        methods=CLOSED,
        options={"encoder.image_size": 112},
    ),
    Transfer(
        name="photo-art",
        encoder="vit",
        source="pacs-photo",
        task="pacs-art",
        methods=CLOSED,
        options={"encoder.image_size": 112},
    ),
    Transfer(
        name="books-electronics",
        encoder="bert",
        source="amazon-books",
        task="amazon-electronics",
        **FROZEN,
    ),
    Transfer(
        name="mnist-usps-vit",
        encoder="vit",
        source="digits-mnist",
        task="digits-usps",
        methods=(Method(name="mcc", strategy="mcc"), ADAMATCH),
        flags={"checkpoint": "embedded/vit-tiny", "limit": 600, "epochs": 8.0, "batch-size": 40},
        options={"encoder.image_size": 48},
    ),
    Transfer(
        name="books-kitchen-small",
        encoder="bert",
        source="amazon-books",
        task="amazon-kitchen",
        methods=(replace(ADAMATCH, flags={"epochs": 8.0}), replace(TAPT, flags={"epochs": 3.0})),
        flags={"checkpoint": "embedded/bert-tiny", "limit": 800},
        options={"encoder.max_tokens": 64},
    ),
)

CHAINS = (
    Chain(
        name="credit-chain",
        encoder="table",
        sources=("lending-club-terms", "credit-data-terms"),
        task="german-credit-terms",
        strategy="full",
    ),
)


def commands() -> list[Command]:
    """Return all runs, the first seed of every cell before the second of any."""
    made = [command for transfer in TRANSFERS for command in commands_of(transfer)]
    made += [command for chain in CHAINS for command in chain.commands]
    return sorted(made, key=lambda command: command.seed)


def commands_of(transfer: Transfer) -> Iterator[Command]:
    """Yield the runs of a transfer, seed by seed, each source before what begins from it."""
    for seed in transfer.seeds:
        first = transfer.source_run
        if first is not None:
            yield Command(
                cell=cell_of(transfer, first),
                seed=seed,
                flags={
                    "encoder": (transfer.encoder,),
                    "strategy": first.strategy,
                    "task": (transfer.source,),
                    **transfer.flags,
                    **first.flags,
                },
                options={**transfer.options, **first.options},
                keep=True,
                forked=True,
            )
        for method in transfer.methods:
            ends = {"task": (transfer.task,), **transfer.flags, **method.flags}
            start = {} if first else {"encoder": (transfer.encoder,), "source-task": (transfer.source,)}
            yield Command(
                cell=cell_of(transfer, method),
                seed=seed,
                flags={**start, "strategy": method.strategy, **ends},
                options={**transfer.options, **method.options},
                encoder_of=cell_of(transfer, first) if first else "",
                forked=True,
            )


def cell_of(transfer: Transfer, method: Method) -> str:
    """Return the name of a cell's folder."""
    words = "".join(letter if letter.isalnum() else "-" for letter in method.name)
    return f"{transfer.name}-{words.strip('-')}".replace("--", "-")


def settings_of(method: Method) -> dict[str, Any]:
    """Return flags and options of a method, as they are stored."""
    return {**plain(method.flags), **plain(method.options)}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` as JSON gives them back."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
