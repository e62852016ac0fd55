"""``modaxfer plugins``: what is installed, and why something is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.output import plain, print_details, print_json, print_lines, print_table
from modaxfer.errors import UnknownNameError
from modaxfer.registry import KINDS, PluginRecord, discover, hook_manager, load_plugin
from modaxfer.registry.names import hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.registry import Entry

__all__ = ["check_command", "list_plugins", "plugins_group", "show_plugin"]


@click.group("plugins")
def plugins_group() -> None:
    """See which plugins are installed and how they stand."""


@plugins_group.command("list", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(as_json: bool) -> None:
    """List installed plugins from their metadata; none is imported."""
    records = discover()
    if as_json:
        print_json([_facts(record) for record in records])
        return
    columns = ["namespace", "distribution", "version", "module", "state", "error"]
    print_table(columns, [[getattr(record, column) for column in columns] for record in records])


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
@click.option("--level", type=int, default=3, show_default=True, help="Deepest level, 0 to 4; .")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every check with what became of it.")
def check_command(name: str, level: int, as_json: bool) -> int:
    """Check that the plugin NAME (namespace or distribution) keeps the framework's contracts.

    Levels: 0 metadata, 1 import hygiene, 2 specs, 3 its code on tiny synthetic rows, 4 real weights. Ends with status 1
    where a check fails.
    """
    from modaxfer import testing

    found = testing.check_plugin(name, level=level)
    if as_json:
        print_json(testing.as_json(found))
    else:
        print_lines(testing.as_text(found))
    return 0 if found.passed else 1


def _named(name: str) -> list[PluginRecord]:
    records = discover()
    found = [record for record in records if name in (record.namespace, record.distribution)]
    if not found:
        known = sorted({record.namespace for record in records})
        raise UnknownNameError("plugin", name, known, fix=hint(name, known, "modaxfer plugins list"))
    return found


def _facts(record: PluginRecord, entries: Sequence[Entry] | None = None) -> dict[str, Any]:
    """Return the record; with `entries`, also the names it brings by kind."""
    facts: dict[str, Any] = plain(record)
    if entries is None:
        return facts
    named = ((kind.plural, [entry.name for entry in entries if entry.kind == kind.name]) for kind in KINDS.values())
    return facts | {plural: names for plural, names in named if names}
