"""Real distributions, made on the spot: installed ones in a temporary site folder, and wheels that pip installs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

import forked
import sketched
from light import Light

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from subprocess import CompletedProcess

STATUS = """
import json
from modaxfer.registry import KINDS, registry
made = registry()
print(json.dumps({
    "plugins": {f"{r.namespace}|{r.distribution}": [r.state, r.stage, r.error] for r in made.plugins},
    "ids": {kind: [entry.id for entry in made.all(kind)] for kind in KINDS},
}))
"""


@dataclass(frozen=True)
class Site:
    """A site folder whose distributions a process sees that has loaded none, beside those of this environment."""

    folder: Path
    light: Light

    def add(self, namespace: str, source: str, *, distribution: str = "", **modules: str) -> None:
        """Install a distribution with one plugin module, and further `modules` in its package."""
        distribution = distribution or f"{namespace}-plugin"
        package = distribution.replace("-", "_")
        files = {f"{package}/{name}.py": text for name, text in {"__init__": "", "plugin": source, **modules}.items()}
        info = f"{package}-1.0.dist-info"
        files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files[f"{info}/entry_points.txt"] = f"[modaxfer]\n{namespace} = {package}.plugin\n"
        files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")

    def python(self, *arguments: str, **environment: str) -> CompletedProcess[str]:
        """Run ``python ARGUMENTS`` in a process that has loaded no plugin and sees this site folder."""
        if any(name.startswith("PYTHON") for name in environment):  # What an interpreter reads when it starts.
            words, variables = [sys.executable, *arguments], self._environment(environment)
            return subprocess.run(words, env=variables, capture_output=True, text=True, timeout=60, check=False)
        return self.light.python(arguments, self._environment(environment), [str(self.folder)])

    def warm_python(
        self, code: str, *words: str, pages: bool = False, drawn: bool = False, **environment: str
    ) -> CompletedProcess[str]:
        """Run `code` in one that has imported torch already and has looked at no plugin yet: what trains starts sooner.

        Runs have no pages, or `pages` without figures, or with sketched ones where some are to be `drawn`.
        """
        plain = forked.UNDRAWN if pages else forked.UNSEEN
        seen = {"environment": self._environment(environment), "path": [str(self.folder)]}
        spared = forked.SPARED + sketched.CODE if drawn else plain
        return forked.python("-c", spared + code, *words, timeout=300, **seen)

    def _environment(self, own: Mapping[str, str]) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MODAXFER_")}
        path = os.pathsep.join(filter(None, [str(self.folder), os.environ.get("PYTHONPATH", "")]))
        return kept | {"PYTHONPATH": path} | own

    def status(self, **environment: str) -> Status:
        """Load all plugins and say how they stand."""
        done = self.python("-c", STATUS, **environment)
        assert done.returncode == 0, done.stderr
        return Status(**json.loads(done.stdout), warnings=tuple(done.stderr.splitlines()))


@dataclass(frozen=True)
class Status:
    """What such a process found."""

    plugins: dict[str, list[str]]
    """``namespace|distribution`` to state, stage and error."""
    ids: dict[str, list[str]]
    warnings: tuple[str, ...]

    def warning(self, distribution: str) -> str:
        """Return the one line on stderr about `distribution`."""
        lines = [line for line in self.warnings if f"({distribution} 1.0)" in line]
        assert len(lines) == 1, self.warnings
        return lines[0]


@pytest.fixture(scope="session")
def site_in() -> Iterator[Callable[[Path], Site]]:
    """Return what makes a site of a folder, for modules that share one."""
    with Light() as light:
        yield lambda folder: Site(folder, light)


@pytest.fixture
def site(site_in: Callable[[Path], Site], tmp_path: Path) -> Site:
    return site_in(tmp_path)
