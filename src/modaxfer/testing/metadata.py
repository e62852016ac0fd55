"""Level 0: what pip and an index know of a plugin. Nothing of it is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.registry import State
from modaxfer.testing.check import PLUGIN, Level, check, fail

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]


@check(Level.METADATA, PLUGIN)
def has_a_namespace_of_its_own(subject: Subject) -> None:
    """Its namespace is a valid name that no other distribution claims."""
    if subject.plugin.state in (State.CLASHING, State.MISSING) or not subject.plugin.module:
        fail("the namespace is not this plugin's own", got=subject.plugin.error, fix="name the entry point anew")


CHECKS = (has_a_namespace_of_its_own,)
