"""One task of several, as a request of its own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modaxfer.config import RunConfig
from modaxfer.runner.request.single import config_of
from modaxfer.spec import IMAGE, TEXT, Field, FolderSource, Target, TaskSpec


@pytest.mark.parametrize(
    ("signal", "asked", "kept", "options"),
    [
        (IMAGE, ("flip", "drop-words=0.2"), ("flip",), {"train.workers": 2}),
        (TEXT, ("flip", "drop-words=0.2"), ("drop-words=0.2",), {"train.workers": 2}),
        (TEXT, ("flip",), (), {}),
    ],
)
def test_it_keeps_the_augmentations_that_it_has_a_field_for(signal, asked, kept, options):
    fields = (Field(name="field", signal=signal),)
    task = TaskSpec(name="one", fields=fields, target=Target(), sources=(FolderSource(name="one"),))
    config = RunConfig(task=("lab/one", "lab/two"), augment=asked, set={"train.workers": 2, "bridge.font": "a.ttf"})
    own = config_of(config, SimpleNamespace(task_id="lab/one", task=task, towers=()))
    assert (own.task, own.augment, own.set) == (("lab/one",), kept, options)
