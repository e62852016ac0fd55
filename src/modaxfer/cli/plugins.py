"""``modaxfer plugins``: what is installed, and why something is not there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.new_plugin import new_plugin
from modaxfer.cli.output import WIDE, plain, print_details, print_json, print_lines, print_table
from modaxfer.errors import UnknownNameError
from modaxfer.registry import KINDS, PluginRecord, discover, hook_manager, index_of, load_plugin, registry
from modaxfer.registry.known import missing_plugin
from modaxfer.registry.names import hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.registry import Entry

__all__ = ["check_command", "index_command", "list_plugins", "plugins_group", "show_plugin"]


@click.group("plugins")
def plugins_group() -> None:
    """See which plugins are installed and how they stand, or write a new one."""


plugins_group.add_command(new_plugin)


@plugins_group.command("list", cls=Command)
@click.option("--load", is_flag=True, help="Import each: shows interface, kinds, milliseconds, and what fails.")
@WIDE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(load: bool, as_json: bool) -> None:
    """List installed plugins from their metadata; without --load none is imported."""
    manager = hook_manager()
    records = [load_plugin(record, manager)[0] if load else record for record in discover()]
    if as_json:
        print_json([_facts(record) for record in records])
        return
    print_table([*_COLUMNS], [[show(record) for show in _COLUMNS.values()] for record in records], spare=_SPARE)
    if not load and sys.stdout.isatty():
        print_lines("read from metadata; --load imports them and shows interface, kinds and milliseconds")


@plugins_group.command("index", cls=Command)
@click.option(
    "--add", "source", metavar="PATH|URL", help="Keep a copy of an index; a URL (https) is fetched this once."
)
def index_command(source: str | None) -> None:
    """Print an index of the installed plugins: their names, by which others are told what to install.

    An unknown name that an index knows is answered with the line that installs its plugin; it is never run. More index
    files are named by MODAXFER_PLUGIN_INDEX.
    """
    if source is not None:
        from modaxfer.registry.added_index import add_index

        print_lines(f"kept as {add_index(source)}")
        return
    print_json(index_of(registry().plugins, (entry for kind in KINDS for entry in registry().all(kind))))


@plugins_group.command("show", cls=Command)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list, since a name may be claimed twice.")
def show_plugin(name: str, as_json: bool) -> None:
    """Import the plugin NAME (namespace or distribution) and show its state, stage, error and specs."""
    manager = hook_manager()
    shown = [_facts(*load_plugin(record, manager)) for record in _named(name)]
    if as_json:
        print_json(shown)
        return
    for facts in shown:
        print_details(f"plugin {facts['namespace']}", facts)


@plugins_group.command("check", cls=Command)
@click.argument("name")
@click.option("--level", type=int, default=3, show_default=True, help="Deepest level, 0 to 4.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every check with what became of it.")
def check_command(name: str, level: int, as_json: bool) -> int:
    """Check that the plugin NAME (namespace or distribution) keeps the framework's contracts.

    Levels: 0 metadata, 1 import hygiene, 2 specs, 3 its code on tiny synthetic rows, 4 real weights and rows. Ends
    with status 1 where a check fails.
    """
    from modaxfer import testing

    found = testing.check_plugin(name, level=level)
    if as_json:
        print_json(testing.as_json(found))
    else:
        print_lines(testing.as_text(found))
    return 0 if found.passed else 1


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


_COLUMNS: dict[str, Callable[[PluginRecord], str]] = {
    "namespace": lambda record: record.namespace,
    "version": lambda record: record.version,
    "origin": lambda record: record.origin,
    "state": lambda record: record.state,
    "api": lambda record: _number(record.api),
    "kinds": lambda record: ", ".join(record.kinds),
    "ms": lambda record: _number(record.milliseconds),
    "distribution": lambda record: record.distribution,
    "module": lambda record: record.module,
    "error": lambda record: record.error,
}

_SPARE = ("module", "distribution", "origin", "api")
"""Columns that a narrow terminal does without, the least needed first."""


def _named(name: str) -> list[PluginRecord]:
    records = discover()
    found = [record for record in records if name in (record.namespace, record.distribution)]
    if not found:
        known = sorted({record.namespace for record in records})
        fix = missing_plugin(name, records) or hint(name, known, "modaxfer plugins list")
        raise UnknownNameError("plugin", name, known, fix=fix)
    return found


def _facts(record: PluginRecord, entries: Sequence[Entry] | None = None) -> dict[str, Any]:
    """Return the record; with `entries`, also the names it brings by kind."""
    facts: dict[str, Any] = plain(record)
    if entries is None:
        return facts
    named = ((kind.plural, [entry.name for entry in entries if entry.kind == kind.name]) for kind in KINDS.values())
    return facts | {plural: names for plural, names in named if names}
