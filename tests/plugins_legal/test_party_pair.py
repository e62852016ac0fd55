"""A sentence and its party, joined."""

from __future__ import annotations

import pytest

import domain_tasks as tasks
from modaxfer.errors import RefusedError
from modaxfer.registry import registry
from modaxfer_legal.party_pair import PartyPairBridge, PartyPairOptions, marked

FIELDS = tasks.specs("legal")["legal-sentiment"].fields
ROWS = [
    {"sentence": "lee claims that the government harmed lee ", "party": "lee"},
    {"sentence": "nobody is leering", "party": "lee"},
    {"sentence": None, "party": None},
]


def bridge(how):
    return PartyPairBridge(PartyPairOptions(how=how), FIELDS, None, None)


def test_mentions_are_marked_as_whole_words():
    assert bridge("marked")(ROWS) == [
        ("[ lee ] claims that the government harmed [ lee ]", "lee"),
        ("nobody is leering", "lee"),
        ("", ""),
    ]
    assert marked("Lee (U.S.) and u.s.", "U.S.") == "Lee ([ U.S. ]) and [ u.s. ]"


def test_a_question_follows():
    assert bridge("question")(ROWS[:1]) == [(ROWS[0]["sentence"].strip(), "what does the court say of lee ?")]
    assert bridge("question").identity != bridge("marked").identity


def test_other_fields_are_refused_and_the_bridge_is_registered():
    with pytest.raises(RefusedError, match=r"takes a sentence and a party.*Got: sentence \(text\)"):
        PartyPairBridge(PartyPairOptions(), FIELDS[:1], None, None)
    spec = registry().get("bridge", "legal/party-pair").spec
    assert (spec.source, spec.sink) == ("text", "text")
