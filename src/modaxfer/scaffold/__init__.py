"""New plugins: a name is checked, templates are filled in, a project is written. Light: no torch, no data."""

from modaxfer.scaffold.kinds import DEFAULT, EXAMPLES, Example, chosen
from modaxfer.scaffold.naming import PluginName, refuse_taken
from modaxfer.scaffold.project import LICENCES, Project, render, write

__all__ = [
    "DEFAULT",
    "EXAMPLES",
    "LICENCES",
    "Example",
    "PluginName",
    "Project",
    "chosen",
    "refuse_taken",
    "render",
    "write",
]
