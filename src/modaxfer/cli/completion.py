"""``modaxfer completion``, and what completes names of encoders, strategies, tasks and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from modaxfer.cli.command import Command
from modaxfer.cli.output import print_lines

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["completion_command", "names_for"]

KINDS = {
    "encoder": ("encoder", "checkpoint"), "strategy": ("strategy",), "task": ("task",), "source_task": ("task",),
    "bridge": ("bridge",), "metric": ("metric",), "objective": ("objective",), "probe": ("task",),
}  # fmt: skip
"""Kinds of components whose names a flag takes."""


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print what makes SHELL complete commands, flags and names; put it where the shell reads it.

    \b
    modaxfer completion bash >> ~/.bashrc
    modaxfer completion zsh >> ~/.zshrc
    modaxfer completion fish > ~/.config/fish/completions/modaxfer.fish
    """  # noqa: D301 - click's mark for lines kept as they are
    from modaxfer.cli.main import COMPLETION, cli

    found = get_completion_class(shell)
    assert found is not None
    # Of bash, click would start one to look at its version: the template is filled by hand.
    made = found(cli, {}, "modaxfer", COMPLETION)
    print_lines(made.source_template % made.source_vars(), whole=True)


def names_for(flag: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]] | None:
    """Return what completes the value of the setting `flag`: names of what is installed; None where none is known."""
    kinds = KINDS.get(flag)
    if kinds is None:
        return None

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from modaxfer.registry import registry

        # A grid takes names with commas between them: what stands before the last is kept.
        before, comma, begun = incomplete.rpartition(",")
        entries = [entry for kind in kinds for entry in registry().all(kind)]
        named = {registry().shown(entry): getattr(entry.spec, "summary", "") for entry in entries}
        return [
            CompletionItem(f"{before}{comma}{name}", help=summary)
            for name, summary in named.items()
            if name.startswith(begun)
        ]

    return complete
