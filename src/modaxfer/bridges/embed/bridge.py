"""The embed bridge: any mix of fields into the body of any encoder (FPT, Lu et al. 2021; ORCA, Shen et al. 2023)."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from modaxfer.bridges.embed.modality import Column, TokenRun, fingerprint, share_out
from modaxfer.bridges.embed.options import RATE, EmbedOptions, alignment_of, check_options
from modaxfer.errors import ConfigError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from torch import nn

    from modaxfer.bridges.embed.modality import Modality
    from modaxfer.contracts import Alignment, Batch, Hidden, InputLayout, Processor, Row
    from modaxfer.spec import Field

__all__ = ["EmbedBridge"]

KINDS = ("text", "image", "audio", "table")
VOCABULARY, MELS = 8000, 64


class EmbedBridge:
    """Turns each field into a run of tokens and hands all runs to the encoder's body.

    A contracts.FittedBridge and a contracts.AlignedBridge. All table columns are one run with a token per column.

    Args:
        options: How fields become tokens.
        fields: Fields of the task: text, image, audio and table in any number.
        layout: How many tokens the body takes, its class token not counted.
        root: Folder that relative media paths are resolved against and may not leave.

    Raises:
        RefusedError: There is no field, one of another kind, or the encoder takes no embeddings.
        ConfigError: An option has no effect here, or the fields need more tokens than there are.
    """

    def __init__(
        self, options: EmbedOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None
    ) -> None:
        _check_fields(fields, layout)
        check_options(options, {field.signal.kind for field in fields})
        self._options, self._budget = options, _budget(options, layout)
        self._runs = _runs_of(fields)
        self._modalities = _modalities(options, self._runs, root)
        _check_room(self._runs, self._modalities, self._budget)
        self.identity = self._identity()

    def fit(self, rows: Sequence[Row], targets: np.ndarray) -> None:
        """Learn from the training rows; `targets` only choose columns, where ``select`` or ``combine`` ask for it.

        Raises:
            DataError: A value cannot be read.
        """
        wanted: dict[TokenRun, int] = {}
        for kind, modality in self._modalities.items():
            runs = self._of_kind(kind)
            columns = [Column(rows, partial(self._read, run)) for run in runs]
            wanted |= dict(zip(runs, modality.fit(columns, targets), strict=True))
        given = self._divided(wanted)
        for kind, modality in self._modalities.items():
            modality.settle([given[run] for run in self._of_kind(kind)])
        self.identity = self._identity()

    def state(self) -> dict[str, Any]:
        """Return what was learned, by kind of field, as plain JSON types."""
        return {kind: modality.state() for kind, modality in self._modalities.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what another of its kind learned."""
        for kind, modality in self._modalities.items():
            modality.restore(state[kind])
        self.identity = self._identity()

    def __call__(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Return one value per run and row, decoded.

        Raises:
            DataError: A picture or sound cannot be read.
        """
        return [tuple(self._read(run, row) for run in self._runs) for row in rows]

    def processor(self) -> Processor:
        """Return the preparation of this bridge's values; fitted or restored before."""
        from modaxfer.bridges.embed.joint import EmbedProcessor

        return EmbedProcessor(self._runs, self._modalities, self.identity)

    def embedder(self, width: int) -> nn.Module:
        """Return a fresh `JointEmbedder` for tokens of `width`; fitted or restored before."""
        from modaxfer.bridges.embed.joint import JointEmbedder

        embedders = {kind: modality.embedder(width) for kind, modality in self._modalities.items()}
        return JointEmbedder(self._runs, embedders, width, self._options.scale)

    def alignment(self) -> Alignment | None:
        """Return what ``bridge.align`` asks for; None for no such stage.

        Raises:
            MissingPackageError: ``otdd`` without POT.
        """
        from modaxfer.bridges.embed.align import require_transport

        wanted = alignment_of(self._options)
        if wanted is not None and wanted.method == "otdd":
            require_transport()
        return wanted

    def align(
        self,
        embedder: nn.Module,
        batches: Iterator[tuple[Batch, np.ndarray]],
        targets: np.ndarray,
        embed_tokens: Callable[[Hidden], Hidden],
        source: torch.Tensor,
        source_targets: np.ndarray,
    ) -> list[float]:
        """Move `embedder` towards `source`, see `contracts.AlignedBridge` and `modaxfer.bridges.embed.align`.

        Raises:
            MissingPackageError: ``otdd`` without POT.
        """
        import torch

        from modaxfer.bridges.embed.align import align, discrete_labels

        wanted = alignment_of(self._options)
        assert wanted is not None, "only an alignment that was asked for is carried out"
        labels = torch.from_numpy(discrete_labels(targets))
        return align(
            embedder,
            ((batch, labels[rows]) for batch, rows in batches),
            embed_tokens,
            source,
            torch.from_numpy(discrete_labels(source_targets)),
            method=wanted.method,
            steps=wanted.steps,
            learning_rate=RATE if self._options.align_rate is None else self._options.align_rate,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What preparing has lost so far, one line for each kind of field."""
        return tuple(
            f"embed: {cut} of {seen} {kind} values were cut to the tokens that the encoder's body holds"
            for kind, (cut, seen) in ((kind, modality.cut) for kind, modality in self._modalities.items())
            if cut
        )

    def _divided(self, wanted: Mapping[TokenRun, int]) -> dict[TokenRun, int]:
        """Return each run's share: what it must have, then what it wants, and to sequences what is left over."""
        least = {run: min(wanted[run], self._modalities[run.kind].least) for run in self._runs}
        more = share_out([wanted[run] - least[run] for run in self._runs], self._budget - sum(least.values()))
        given = {run: least[run] + extra for run, extra in zip(self._runs, more, strict=True)}
        # Rows to come may be longer than those of training.
        sequences = [run for run in self._runs if run.kind in ("text", "audio")]
        left = self._budget - sum(given.values())
        return given | {run: given[run] + left // len(sequences) for run in sequences}

    def _of_kind(self, kind: str) -> list[TokenRun]:
        return [run for run in self._runs if run.kind == kind]

    def _read(self, run: TokenRun, row: Row) -> Any:
        if run.kind == "table":
            return tuple(row[name] for name in run.names)
        return self._modalities[run.kind].read(row[run.names[0]])

    def _identity(self) -> str:
        settings = {
            "options": asdict(self._options),
            "budget": self._budget,
            "runs": [[run.kind, list(run.names)] for run in self._runs],
            "state": self.state(),
        }
        return f"embed:{fingerprint(settings)}"


def _check_fields(fields: tuple[Field, ...], layout: InputLayout) -> None:
    if layout.kind != "embeddings":
        raise RefusedError(
            "the embed bridge feeds an encoder's body",
            got=f"an encoder that is entered with {layout.kind}",
            allowed="embeddings",
            fix="choose an encoder with a transformer body, such as bert or vit",
        )
    if not fields or any(field.signal.kind not in KINDS for field in fields):
        raise RefusedError(
            "the embed bridge takes fields that it knows how to embed",
            got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
            allowed=KINDS,
            fix="choose a task or fields of these kinds",
        )


def _budget(options: EmbedOptions, layout: InputLayout) -> int:
    if options.max_tokens is not None and options.max_tokens > layout.max_tokens:
        raise ConfigError(
            "bridge.max_tokens is more than the encoder's body holds",
            got=options.max_tokens,
            allowed=f"at most {layout.max_tokens}",
            fix="lower bridge.max_tokens or raise encoder.max_tokens",
        )
    return options.max_tokens or layout.max_tokens


def _runs_of(fields: tuple[Field, ...]) -> tuple[TokenRun, ...]:
    """Return a run per field, in order; all table columns are one, at the place of the first."""
    columns = tuple(field.name for field in fields if field.signal.kind == "table")
    runs: list[TokenRun] = []
    for field in fields:
        kind = field.signal.kind
        number = sum(run.kind == kind for run in runs)
        if kind != "table" or not number:
            runs.append(TokenRun(kind, number, columns if kind == "table" else (field.name,)))
    return tuple(runs)


def _modalities(options: EmbedOptions, runs: Sequence[TokenRun], root: Path | None) -> dict[str, Modality]:
    from modaxfer.bridges.embed.audio import AudioModality
    from modaxfer.bridges.embed.image import ImageModality
    from modaxfer.bridges.embed.table import TableModality
    from modaxfer.bridges.embed.text import TextModality

    columns = next((run.names for run in runs if run.kind == "table"), ())
    makers: dict[str, Callable[[], Modality]] = {
        "text": lambda: TextModality(options.units, options.vocabulary or VOCABULARY),
        "image": lambda: ImageModality(options.size, options.patch, root),
        "audio": lambda: AudioModality(options.mels or MELS, options.stack, root),
        "table": lambda: TableModality(columns, options),
    }
    return {kind: makers[kind]() for kind in KINDS if any(run.kind == kind for run in runs)}


def _check_room(runs: Sequence[TokenRun], modalities: Mapping[str, Modality], budget: int) -> None:
    """Check that every run can have what it cannot do without."""
    needed = sum(modalities[run.kind].least for run in runs)
    if needed > budget:
        raise ConfigError(
            "the fields need more tokens than the encoder's body holds",
            got=f"{needed} tokens for {sum(len(run.names) for run in runs)} fields",
            allowed=f"at most {budget}",
            fix="name fewer fields, keep the best table columns (--set bridge.select=K) or take larger patches",
        )
