"""The register of everything installed: plugins, and the names they bring. Standard library and pluggy only."""

from modaxfer.registry.blame import Blame, blame_of
from modaxfer.registry.calling import (
    FaultNote,
    blamed,
    blaming,
    build_target,
    call_target,
    calling,
    fault,
    is_strict,
    noted,
)
from modaxfer.registry.discovery import discover
from modaxfer.registry.known import index_of, suggestion
from modaxfer.registry.loader import hook_manager, load_plugin
from modaxfer.registry.problems import applicable_metrics, problem_name, problem_of, problem_spec
from modaxfer.registry.records import BUILTIN, KINDS, Entry, Kind, PluginRecord, Stage, State
from modaxfer.registry.register import Registry, registry
from modaxfer.registry.targets import load_target

__all__ = [
    "BUILTIN",
    "KINDS",
    "Blame",
    "Entry",
    "FaultNote",
    "Kind",
    "PluginRecord",
    "Registry",
    "Stage",
    "State",
    "applicable_metrics",
    "blame_of",
    "blamed",
    "blaming",
    "build_target",
    "call_target",
    "calling",
    "discover",
    "fault",
    "hook_manager",
    "index_of",
    "is_strict",
    "load_plugin",
    "load_target",
    "noted",
    "problem_name",
    "problem_of",
    "problem_spec",
    "registry",
    "suggestion",
]
