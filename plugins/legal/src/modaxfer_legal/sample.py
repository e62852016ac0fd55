"""A made-up sample for `legal-sentiment`: sentences from the project's own templates, for trying things out.

No sentence is taken from a court or from the real data set. A third of the templates occurs in test only, and most
sentences name two parties that fare differently, so that words alone do not tell the label. A score on it says nothing
about the real task.
"""

from __future__ import annotations

import random

import pyarrow as pa

__all__ = ["legal_sentiment"]

_TRAIN_SENTENCES, _TEST_SENTENCES = 480, 120
_PAIR_SHARE = 0.6
"""Share of sentences whose one statement concerns two parties."""

_PARTIES = (
    "petitioner", "respondent", "plaintiff", "defendant", "government", "state", "agency", "commission", "employer",
    "union", "bank", "insurer", "landlord", "tenant", "hospital", "school board", "trial counsel", "prosecutor",
    "alder", "brandt", "castell", "dunmore", "ekholm", "farrow", "grantham", "hollis",
)  # fmt: skip
_ISSUES = (
    "the contract had been breached", "the notice came too late", "the search was lawful", "the statute applied",
    "the delay caused the loss", "the confession was voluntary", "the fee was excessive", "the warning was adequate",
    "the dismissal was a pretext", "the lease had ended", "the risk was known", "the transfer was a sham",
)  # fmt: skip
_PAPERS = (
    "the payroll records", "the medical file", "the second letter", "the audit report", "the inspection log",
    "the original deed", "the expert's notes", "the minutes of the meeting",
)  # fmt: skip
_COURTS = ("the court", "the panel", "the district court", "the court of appeals", "the majority", "the trial judge")

_SINGLE = {
    "positive": (
        "{court} agreed with {p} that {issue}",
        "{p} proved that {issue}",
        "{court} found no fault in how {p} handled {paper}",
        "the record leaves no doubt that {p} acted in good faith",
        "{court} could not fault {p} for keeping {paper}",
        "the sanctions against {p} were lifted on appeal",
        "nothing suggests that {p} withheld {paper}",
        "{p} disclosed {paper} at once as the rules require",
        "the testimony of {p} was consistent and well supported by {paper}",
    ),
    "negative": (
        "{p} failed to show that {issue}",
        "{court} rejected the claim of {p} that {issue}",
        "{p} withheld {paper} from the other side",
        "{court} doubted that {p} had ever read {paper}",
        "the conduct of {p} was neither prompt nor candid",
        "sanctions were imposed on {p} for altering {paper}",
        "{p} never explained why {paper} had disappeared",
        "{court} gave no weight to the word of {p} that {issue}",
        "not even {paper} could support the case of {p}",
    ),
    "neutral": (
        "{p} filed a brief on whether {issue}",
        "{court} asked {p} whether {issue}",
        "{p} received a copy of {paper}",
        "the hearing of {p} was moved to the following week",
        "{court} summarised the position of {p} on {paper}",
        "{p} was served with {paper} by mail",
    ),
}
_PAIRS = (
    ("positive", "negative", "{court} sided with {p} and held against {q} that {issue}"),
    ("negative", "positive", "{p} accused {q} of hiding {paper} but the jury did not believe a word of it"),
    ("positive", "negative", "judgment was entered for {p} after {q} failed to produce {paper}"),
    ("negative", "positive", "{court} ordered {p} to pay {q} for the loss since {issue}"),
    ("negative", "positive", "{p} could not refute the showing of {q} that {issue}"),
    ("neutral", "neutral", "{p} and {q} exchanged {paper} before the hearing"),
    ("neutral", "negative", "{p} appealed after {court} found that {q} had misread {paper}"),
    ("positive", "neutral", "{p} persuaded {court} that {issue} and {q} took no position"),
    ("positive", "negative", "unlike {q} who ignored {paper} {p} had answered every request"),
    ("negative", "positive", "the motion of {p} was denied and that of {q} granted because {issue}"),
    ("neutral", "positive", "{p} was present when {court} accepted the account of {q} that {issue}"),
    ("negative", "positive", "had {p} shared {paper} as {q} did {court} would not have intervened"),
)

Statement = tuple[tuple[str, ...], str]
"""Labels of the parties in the order p, q, and the template."""


def legal_sentiment(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (480 sentences) and ``test`` (120), one row per party named; no sentence is in both."""
    draw = random.Random(seed)
    single: list[Statement] = [((label,), template) for label, templates in _SINGLE.items() for template in templates]
    pairs: list[Statement] = [((first, second), template) for first, second, template in _PAIRS]
    seen: set[str] = set()
    train = [statements[index] for statements in (single, pairs) for index in range(len(statements)) if index % 3 < 2]
    return {
        "train": _table(draw, train, _TRAIN_SENTENCES, seen),
        "test": _table(draw, single + pairs, _TEST_SENTENCES, seen),
    }


def _table(draw: random.Random, statements: list[Statement], sentences: int, seen: set[str]) -> pa.Table:
    rows: list[tuple[str, str, str]] = []
    goal = len(seen) + sentences
    while len(seen) < goal:
        several = draw.random() < _PAIR_SHARE
        labels, template = draw.choice([one for one in statements if (len(one[0]) > 1) is several])
        parties = draw.sample(_PARTIES, 2)
        sentence = _sentence(draw, template, parties)
        if sentence not in seen:
            seen.add(sentence)
            rows += [(sentence, party, label) for party, label in zip(parties, labels, strict=False)]
    sentence_column, party_column, label_column = zip(*rows, strict=True)
    return pa.table({"sentence": sentence_column, "party": party_column, "label": label_column})


def _sentence(draw: random.Random, template: str, parties: list[str]) -> str:
    first, second = (party if party in _PARTIES[-8:] else f"the {party}" for party in parties)
    text = template.format(
        p=first, q=second, court=draw.choice(_COURTS), issue=draw.choice(_ISSUES), paper=draw.choice(_PAPERS)
    )
    return text.replace("'", "")
