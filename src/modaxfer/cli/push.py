"""``modaxfer push``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from modaxfer.cli.command import Command
from modaxfer.cli.output import print_json, print_lines, print_table

__all__ = ["push_command"]


@click.command("push", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("name")
@click.option("--public", is_flag=True, help="Let everybody read it; default you and your organisation.")
@click.option("--dry-run", is_flag=True, help="Send nothing and ask nobody; list what would be sent.")
@click.option("--json", "as_json", is_flag=True, help="Print what was sent as JSON.")
def push_command(folder: Path, name: str, public: bool, dry_run: bool, as_json: bool) -> None:
    """Send FOLDER to the Hugging Face hub as the model NAME (OWNER/MODEL), its card with it; private.

    FOLDER is what export or pretrain wrote, or an encoder of a plugin; a run is exported first. One without a card, or
    with files that are not part of it, is refused. The token is that of `hf auth login`.

    modaxfer push model me/reviews --dry-run
    """
    from modaxfer.export.push import push_folder

    told = push_folder(folder, name, public=public, dry_run=dry_run)
    if as_json:
        print_json(asdict(told))
        return
    print_table(("file", "MB"), [(path, f"{size / 1e6:.3f}") for path, size in told.files.items()])
    if told.left:
        print_lines(f"stays here: {', '.join(told.left)}", err=True)
    whom = "public" if public else "private"
    print_lines(f"would be sent to {name}, {whom}" if told.url is None else f"{told.url}, {whom}")
