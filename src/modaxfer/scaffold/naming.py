"""What a new plugin is called: one name, from which namespace, distribution and package follow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from modaxfer.errors import ConfigError
from modaxfer.registry import BUILTIN, discover

__all__ = ["PluginName", "refuse_taken"]

LONGEST = 40
"""Letters of a namespace: ids are typed, and stand in tables."""

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")

_ALLOWED = f"lower-case letters and digits, words joined by '-', '_' or '.', at most {LONGEST} signs: field-notes"


@dataclass(frozen=True, kw_only=True)
class PluginName:
    """Names of a new plugin."""

    namespace: str
    """What stands before the slash in its ids, ``leaves/...``."""

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the names that follow from `name`.

        Raises:
            ConfigError: It cannot be a namespace; says which name near it can.
        """
        tidy = _tidied(name)
        if name.strip().lower() == BUILTIN or tidy == BUILTIN:
            raise ConfigError(
                f"the namespace {BUILTIN} belongs to the framework itself", got=name, fix="name your domain: leaves"
            )
        if len(name) > LONGEST or not _NAME.fullmatch(name) or tidy != name:
            fix = f"did you mean {tidy}?" if tidy and len(tidy) <= LONGEST else "name your domain in a word or two"
            raise ConfigError("this cannot be a plugin's namespace", got=name or "''", allowed=_ALLOWED, fix=fix)
        return cls(namespace=name)

    @property
    def distribution(self) -> str:
        """What pip installs."""
        return f"{BUILTIN}-{re.sub(r'[._-]+', '-', self.namespace)}"

    @property
    def package(self) -> str:
        """What Python imports."""
        return self.distribution.replace("-", "_")


def refuse_taken(name: PluginName) -> None:
    """Refuse names that an installed plugin has: of two that claim one namespace neither is loaded.

    Raises:
        ConfigError: The namespace or the distribution is taken, and by whom.
    """
    for record in discover():
        if not record.distribution:  # named in MODAXFER_PLUGINS, and not installed
            continue
        own = re.sub(r"[._-]+", "-", record.distribution).lower()
        if record.namespace == name.namespace or own == name.distribution:
            taken = "namespace" if record.namespace == name.namespace else "distribution"
            raise ConfigError(
                f"the {taken} {name.namespace if taken == 'namespace' else own} is taken by an installed plugin",
                got=f"{record.distribution} {record.version}".rstrip(),
                fix=f"choose another name, or `pip uninstall {record.distribution}` first: of two plugins that claim "
                "one namespace neither is loaded",
            )


def _tidied(name: str) -> str:
    """Return the name that was probably meant: lower case, words joined by hyphens, without the framework's name."""
    words = re.sub(r"[^a-z0-9._-]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name.strip()).lower())
    words = re.sub(r"[._-]*([._-])", r"\1", words).strip("._-")
    return re.sub(rf"^{BUILTIN}[._-]+(?=.)", "", words)
