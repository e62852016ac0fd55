"""Subjects of the conformance kit whose code stands in a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modaxfer.registry import Entry, PluginRecord, registry
from modaxfer.testing import Subject

__all__ = ["subject_of"]


@dataclass(frozen=True, kw_only=True)
class Coded(Subject):
    """A subject whose target need not be imported."""

    code: Any = None

    def target(self) -> Any:
        return self.code


def subject_of(kind: str, spec: Any, code: Any = None, **other: Any) -> Subject:
    """Return what plugin ``twin`` brings, `code` standing for its target."""
    entry = Entry(kind=kind, plugin="twin", spec=spec)
    record = PluginRecord(namespace="twin")
    return Coded(plugin=record, entries=(entry,), registry=registry(), entry=entry, code=code, **other)
