"""``modaxfer plugins new``."""

from __future__ import annotations

from pathlib import Path

import click

from modaxfer.cli.command import Command
from modaxfer.cli.output import print_json, print_lines
from modaxfer.scaffold import DEFAULT, EXAMPLES, LICENCES, PluginName, Project, chosen, refuse_taken, render, write

__all__ = ["new_plugin"]

KINDS = ", ".join(EXAMPLES)


@click.command("new", cls=Command)
@click.argument("name")
@click.option(
    "--with",
    "kinds",
    multiple=True,
    metavar="KINDS",
    help=f"What it gets a working example of, with commas between: {KINDS}; or all. Default {', '.join(DEFAULT)}.",
)
@click.option(
    "--licence",
    type=click.Choice(LICENCES, case_sensitive=False),
    default=LICENCES[0],
    show_default=True,
    help="Of what it brings.",
)
@click.option("--output", metavar="DIR", help="Folder to write, new or empty; default modaxfer-NAME.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: names, folder and files.")
def new_plugin(name: str, kinds: tuple[str, ...], licence: str, output: str | None, as_json: bool) -> None:
    """Write a new plugin with the namespace NAME: a package that works, with test, CI, README and licence.

    \b
    modaxfer plugins new leaves
    modaxfer plugins new leaves --with task,metric,strategy --licence MIT --output ./leaves
    """  # noqa: D301 - click's mark for lines kept as they are
    made = PluginName.of(name)
    project = Project(name=made, examples=chosen(kinds), licence=licence)
    refuse_taken(made)
    folder = Path(output or made.distribution).expanduser()
    rendered = render(project)
    write(rendered, folder)
    if as_json:
        names = {"namespace": made.namespace, "distribution": made.distribution, "package": made.package}
        print_json({**names, "folder": str(folder), "files": [*rendered]})
        return
    print_lines(f"{folder}: {len(rendered)} files\n")
    print_lines("\n".join(f"  {path}" for path in rendered))
    print_lines(f"\nnext:\n  pip install -e {folder}\n  modaxfer plugins check {made.namespace}")
    print_lines(f"  {project.tried(project.examples[0])}\n\n{folder / 'README.md'} says more.")
