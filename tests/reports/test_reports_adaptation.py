"""What reports say of a run that learned from a source task."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.reports.facts import data_facts, training_facts
from modaxfer.reports.limits import limits

TOLD = {
    "hidden": True,
    "validated_on": "source",
    "validators": ["modaxfer.validators.score:Score"],
    "bound": "",
    "source": {"task": "office", "rows": {"train": 1200, "validation": 40}, "licence": "MIT"},
}


def adapted(run, **changes):
    result = run.classes(source_task="office")
    return replace(result, data={**result.data, "adaptation": {**TOLD, **changes}})


def test_whose_labels_were_seen_is_a_fact(run):
    facts = dict(data_facts(adapted(run)))
    assert facts["labels of the task"] == "hidden from training"
    assert facts["epochs chosen"] == "by labels of the source's validation rows"
    assert facts["rows of the source task"] == "1,200 train, 40 validation"
    assert facts["licence of the source task"] == "MIT"
    assert "bound" not in facts
    upper = dict(data_facts(adapted(run, hidden=False, validated_on="target", bound="oracle")))
    assert upper["labels of the task"] == "given"
    assert upper["epochs chosen"] == "by labels of the target's validation rows"
    assert upper["bound"] == "oracle"
    assert "labels of the task" not in dict(data_facts(run.classes()))


def test_what_chose_without_labels_is_named(run):
    told = {"validated_on": "no labels", "validators": ["some.validators:Sure (temperature=2)"]}
    assert dict(data_facts(adapted(run, **told)))["epochs chosen"] == "without labels, validator Sure (temperature=2)"


def test_what_chose_the_epochs_of_a_phase_is_named_unless_it_is_the_score(run):
    result = run.classes()
    for validator, said in (("modaxfer.validators.score:Score", None), ("some.validators:Sure (p=2)", "Sure (p=2)")):
        phases = [{"name": "tune", "steps": 3, "validator": validator}]
        facts = dict(training_facts(replace(result, training={"phases": phases})))
        assert facts["tune, steps"] == "3"
        assert facts.get("tune, validator") == said


def test_labels_that_chose_the_epoch_are_a_limit(run):
    said = "Epochs were chosen by labels of the task, which a task without labels does not have: expect less there."
    assert said in limits(adapted(run, validated_on="target"), None)
    assert said not in limits(adapted(run), None)
    assert said not in limits(adapted(run, hidden=False, validated_on="target", bound="oracle"), None)


def test_an_adaptation_that_is_not_shown_to_help_is_a_limit(run):
    said = "Adaptation is not shown to help: training on the source alone may do as well."
    scored = {"f1_macro": 0.4, "interval": {"f1_macro": [0.3, 0.5]}, "run": "bounds/source-only"}
    for difference, limited in (([-0.1, 0.3], True), ([0.1, 0.3], False)):
        made = adapted(run)
        bound = {**scored, "difference": {"f1_macro": difference}}
        assert (said in limits(replace(made, baselines={**made.baselines, "source_only": bound}), None)) == limited
