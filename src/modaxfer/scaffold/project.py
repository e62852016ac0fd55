"""The files of a new plugin: rendered first, all of them, then written where nothing was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import modaxfer.spec
from modaxfer.errors import OutputExistsError, RefusedError
from modaxfer.scaffold.kinds import Example
from modaxfer.scaffold.naming import PluginName
from modaxfer.spec import API_VERSION
from modaxfer.version import __version__

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jinja2 import Environment

__all__ = ["LICENCES", "Project", "render", "write"]

LICENCES = ("Apache-2.0", "MIT", "proprietary")
"""Under which a plugin can be begun; the first where none is asked for."""

_SPEC = ".spec.jinja"
"""End of the templates that are one entry of a hook's list; before it stands the plural that the hook is called by."""

_HOOK = ".hook.jinja"
"""End of the templates that are a hook of their own, of what observes."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """What is to be written."""

    name: PluginName
    examples: tuple[Example, ...]
    licence: str = LICENCES[0]

    def tried(self, example: Example) -> str:
        """Return the command line that tries `example`: on the example task where there is one, else on own data."""
        own = all(example.kind != "task" for example in self.examples)
        return example.tried.format(on="--data YOUR.csv --text TEXT --label LABEL" if own else "--task requests")

    @property
    def names(self) -> dict[str, Any]:
        """What templates can fill in."""
        kinds = [example.kind for example in self.examples]
        needs = sorted({need for example in self.examples for need in example.needs}, key=str.lower)
        return {
            "namespace": self.name.namespace,
            "distribution": self.name.distribution,
            "package": self.name.package,
            "licence": self.licence,
            "examples": self.examples,
            "kinds": kinds,
            "needs": needs,
            "tried": [self.tried(example) for example in self.examples],
            "api": API_VERSION,
            "version": ".".join(__version__.split(".")[:2]),
        }


def render(project: Project) -> dict[str, str]:
    """Return the text of every file by its path in the project's folder, in the order in which they are to be read."""
    names = project.names
    package = f"src/{project.name.package}"
    made = {"README.md": "project/README.md", "pyproject.toml": "project/pyproject.toml"}
    made |= {f"{package}/plugin.py": "project/plugin.py", f"{package}/__init__.py": "project/__init__.py"}
    rendered = {path: _filled(name, names | _hooks(project)) for path, name in made.items()}
    rendered[f"{package}/py.typed"] = ""
    for example in project.examples:
        folder = _templates() / "kinds" / example.kind
        rendered |= {f"{package}/{path}": text for path, text in _files(folder, f"kinds/{example.kind}/", names)}
    rendered["tests/test_conformance.py"] = _filled("project/test_conformance.py", names)
    rendered[".github/workflows/check.yml"] = _filled("project/check.yml", names)
    rendered[".gitignore"] = _filled("project/gitignore", names)
    if project.licence != "proprietary":
        rendered["LICENSE"] = _filled(f"licences/{project.licence}", names)
    return rendered


def write(rendered: Mapping[str, str], folder: Path) -> None:
    """Write `rendered` into `folder`, which is new or empty.

    Raises:
        OutputExistsError: There is something in it; nothing is written.
        RefusedError: It cannot be written.
    """
    fix = "give another folder with --output, or move this one away"
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise OutputExistsError("there is something here already, and nothing is written over it", got=folder, fix=fix)
    try:
        for path, text in rendered.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RefusedError(
            "the plugin cannot be written", got=f"{folder}: {error.strerror}", fix="choose another --output"
        ) from error


def _hooks(project: Project) -> dict[str, Any]:
    """Return the entries of every hook as the examples have them, and the names of `modaxfer.spec` that they use."""
    entries: dict[str, list[str]] = {}
    observed: list[str] = []
    for example in project.examples:
        folder = f"kinds/{example.kind}"
        for path in sorted((_templates() / "kinds" / example.kind).iterdir(), key=lambda path: path.name):
            if path.name.endswith(_SPEC):
                text = _filled(f"{folder}/{path.name.removesuffix('.jinja')}", project.names)
                entries.setdefault(path.name.removesuffix(_SPEC), []).append(text)
            elif path.name.endswith(_HOOK):
                observed.append(_filled(f"{folder}/{path.name.removesuffix('.jinja')}", project.names))
    hooks = {plural: (_spec_of(texts[0]), texts) for plural, texts in entries.items()}
    used = set(re.findall(r"\w+", " ".join(text for texts in entries.values() for text in texts)))
    used_names = [name for name in modaxfer.spec.__all__ if name in used]
    return {"hooks": hooks, "used": used_names, "observed": observed}


def _spec_of(entry: str) -> str:
    return entry.partition("(")[0].strip()


def _files(folder: Traversable, name: str, names: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return path and text of what becomes a file of the package, from `folder` and the folders in it."""
    found = []
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.is_dir():
            found += [(f"{path.name}/{inner}", text) for inner, text in _files(path, f"{name}{path.name}/", names)]
        elif not path.name.endswith((_SPEC, _HOOK)):
            plain = path.name.removesuffix(".jinja")
            text = _filled(name + plain, names) if plain != path.name else path.read_text(encoding="utf-8")
            found.append((plain, text))
    return found


def _templates() -> Traversable:
    return files("modaxfer.scaffold") / "templates"


def _filled(name: str, names: Mapping[str, Any]) -> str:
    return _environment().get_template(f"{name}.jinja").render(**names)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("modaxfer.scaffold"),
        autoescape=False,  # noqa: S701 - Python, TOML and Markdown, filled in with names that were checked
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
