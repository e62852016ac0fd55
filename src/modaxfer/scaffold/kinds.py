"""The kinds of things that a new plugin can bring an example of, and what each is good for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from modaxfer.errors import ConfigError, close_matches

__all__ = ["DEFAULT", "EXAMPLES", "Example", "chosen"]

DEFAULT = ("task",)
"""What a plugin brings where nothing is asked for."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A working example of one kind; its templates lie in ``templates/kinds/KIND``."""

    kind: str
    name: str
    """What it registers, a short name; an observer registers nothing and has the name of its hook."""
    says: str
    """What the example does, for people."""
    tried: str
    """Command line that tries it; ``{on}`` stands for the task, or for own data."""
    needs: tuple[str, ...] = ()
    """Packages that it imports beside the framework, with the oldest version that will do."""

    @property
    def module(self) -> str:
        """Its module in the new package."""
        return {"transferability": "transferability", "loss": "losses"}.get(
            self.kind, re.sub("y$", "ie", self.kind).replace("-", "_") + "s"
        )


_NUMPY, _TORCH, _TRANSFORMERS = "numpy>=1.26", "torch>=2.6", "transformers>=5.0"

EXAMPLES = {
    example.kind: example
    for example in (
        Example(
            kind="task",
            name="requests",
            says="rows of text that the package ships: does a message want an answer today?",
            tried="modaxfer train --encoder bert --strategy frozen {on}",
        ),
        Example(
            kind="encoder",
            name="byte-cnn",
            says="convolutions over the bytes of a text, from scratch, cut between any two layers",
            tried="modaxfer train --encoder byte-cnn --strategy full {on}",
            needs=(_NUMPY, _TORCH),
        ),
        Example(
            kind="checkpoint",
            name="letters",
            says="a small BERT that reads letters, written into the cache; its weights are random, yours go there",
            tried="modaxfer train --encoder bert --checkpoint letters --strategy full {on}",
            needs=(_TORCH, _TRANSFORMERS),
        ),
        Example(
            kind="bridge",
            name="masked-text",
            says="text without numbers and addresses, which would let a model know persons instead of reading",
            tried="modaxfer train --encoder bert --strategy frozen --bridge masked-text {on}",
        ),
        Example(
            kind="head",
            name="cosine",
            says="the angle between a vector and a direction per class, with a strategy that names it",
            tried="modaxfer train --encoder bert --strategy cosine {on}",
            needs=(_TORCH,),
        ),
        Example(
            kind="classical-head",
            name="shrunken-means",
            says="the nearest class mean, by the features that tell classes apart; fitted without steps",
            tried="modaxfer train --encoder bert --strategy frozen --set strategy.head=shrunken-means {on}",
            needs=(_TORCH,),
        ),
        Example(
            kind="augmentation",
            name="typos",
            says="neighbouring letters change places in training rows",
            tried="modaxfer train --encoder bert --strategy lora --augment typos {on}",
            needs=(_NUMPY,),
        ),
        Example(
            kind="strategy",
            name="top-layers",
            says="the head first, on a frozen body; then head and highest layers together",
            tried="modaxfer train --encoder bert --strategy top-layers {on}",
        ),
        Example(
            kind="loss",
            name="focal",
            says="rows that the model is sure of count less, with a strategy that trains by it",
            tried="modaxfer train --encoder bert --strategy focal {on}",
            needs=(_TORCH,),
        ),
        Example(
            kind="objective",
            name="two-views",
            says="two views of a text, each with other words hidden, are told from those of other texts",
            tried="modaxfer pretrain --encoder bert --objective two-views --data texts.txt --output own-bert",
            needs=(_TORCH,),
        ),
        Example(
            kind="validator",
            name="margin",
            says="of a run that adapts, the epoch whose first guess is furthest ahead of its second",
            tried="modaxfer train --encoder bert --strategy dann --set validator=margin --source-task SOURCE {on}",
            needs=(_TORCH,),
        ),
        Example(
            kind="transferability",
            name="class-means",
            says="how many rows lie nearest to the mean of their own class, before anything is trained",
            tried="modaxfer recommend {on} --score class-means",
            needs=(_NUMPY,),
        ),
        Example(
            kind="problem",
            name="graded",
            says="classes in an order, low, middle, high: being off by one is better than being off by two",
            tried="modaxfer train --encoder bert --strategy lora --data YOUR.csv --text TEXT --label GRADE "
            "--problem graded",
            needs=(_NUMPY, _TORCH),
        ),
        Example(
            kind="metric",
            name="recall_worst",
            says="recall of the class that is found least often; what it differs by between groups of rows",
            tried="modaxfer train --encoder bert --strategy frozen --metric recall_worst {on}",
            needs=(_NUMPY,),
        ),
        Example(
            kind="report",
            name="scores-csv",
            says="test scores and their intervals as a file that a spreadsheet opens, in every run's folder",
            tried="modaxfer train --encoder bert --strategy frozen {on}",
        ),
        Example(
            kind="observer",
            name="modaxfer_run_end",
            says="each run as a line of a table, in its folder or in one book of all runs",
            tried="modaxfer train --encoder bert --strategy frozen {on}",
        ),
    )
}
"""By kind, in the order in which a reader meets them."""


def chosen(asked: Iterable[str]) -> tuple[Example, ...]:
    """Return the examples that were asked for, `DEFAULT` where none was.

    Args:
        asked: Kinds, each entry one or several joined by commas; plurals will do, ``all`` stands for every kind.

    Raises:
        ConfigError: There is no such kind.
    """
    words = [word.strip().lower().replace("_", "-") for entry in asked for word in entry.split(",") if word.strip()]
    known = {spelling: kind for kind, example in EXAMPLES.items() for spelling in (kind, example.module)}
    unknown = [word for word in words if word not in known and word != "all"]
    if unknown:
        close = close_matches(unknown[0], EXAMPLES)
        raise ConfigError(
            "there is no example of this kind",
            got=", ".join(unknown),
            allowed=[*EXAMPLES, "all"],
            fix=f"did you mean {' or '.join(close)}?" if close else "name kinds with commas between: task,metric",
        )
    kinds = set(EXAMPLES) if "all" in words else {known[word] for word in words or DEFAULT}
    return tuple(example for kind, example in EXAMPLES.items() if kind in kinds)
