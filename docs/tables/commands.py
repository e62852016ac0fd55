"""The command line, as its own help prints it."""

from __future__ import annotations

from collections.abc import Iterator

import click

WIDTH = 100


def commands() -> str:
    """Return the help of every command under a heading of its own."""
    from modaxfer.cli.main import cli

    root = _context(cli, None, "modaxfer")
    return "\n\n".join(f"## {path}\n\n```text\n{text}\n```" for path, text in _helps(cli, root))


def _helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _helps(inner, _context(inner, context, name))


def _context(command: click.Command, parent: click.Context | None, name: str) -> click.Context:
    settings = command.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    return click.Context(command, parent=parent, info_name=name, **settings)
