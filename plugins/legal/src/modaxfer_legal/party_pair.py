"""A sentence and one of its parties, joined so that the encoder is told whom it is asked about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modaxfer.config import documented
from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modaxfer.contracts import InputLayout, Row
    from modaxfer.spec import Field

__all__ = ["PartyPairBridge", "PartyPairOptions"]

OPEN, CLOSE = "[", "]"
"""Around a mention; every tokenizer knows them, so no embedding has to be learned."""
QUESTION = "what does the court say of {} ?"


@dataclass(frozen=True, kw_only=True)
class PartyPairOptions:
    """How a sentence and its party are joined; ``--set bridge.KEY=VALUE``."""

    how: str = documented(
        "marked",
        "marked = every mention of the party stands in brackets, and the party follows (Baldini Soares et al. 2019), "
        "question = a question about the party follows (Sun et al. 2019).",
        choices=("marked", "question"),
    )


class PartyPairBridge:
    """Hands a sentence and a party to a text encoder as a pair.

    Args:
        options: `PartyPairOptions`.
        fields: The sentence, then the party: two text fields.
        layout: Unused; the tokeniser knows the encoder's limits.
        root: Unused; texts stand in the row itself.

    Raises:
        RefusedError: The task has other fields.
    """

    def __init__(
        self, options: PartyPairOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None
    ) -> None:
        if [field.signal.kind for field in fields] != ["text", "text"]:
            raise RefusedError(
                "party-pair takes a sentence and a party",
                got=[f"{field.name} ({field.signal})" for field in fields],
                allowed="two text fields, the sentence first",
                fix="leave --bridge out",
            )
        self._sentence, self._party = (field.name for field in fields)
        self._how = options.how
        self.identity = f"party-pair-1:{options.how}:{self._sentence},{self._party}"

    def __call__(self, rows: Sequence[Row]) -> list[tuple[str, str]]:
        """Return sentence and party of each row, as they are joined."""
        return [self._joined(_text(row[self._sentence]), _text(row[self._party])) for row in rows]

    def _joined(self, sentence: str, party: str) -> tuple[str, str]:
        if self._how == "question":
            return sentence, QUESTION.format(party)
        return marked(sentence, party), party


def marked(sentence: str, party: str) -> str:
    """Return the sentence with brackets around each mention of the party, as whole words, whatever the case."""
    if not party:
        return sentence
    mention = re.compile(rf"(?<!\w){re.escape(party)}(?!\w)", re.IGNORECASE)
    return mention.sub(lambda found: f"{OPEN} {found[0]} {CLOSE}", sentence)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
