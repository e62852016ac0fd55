"""``modaxfer show ENCODER --task TASK --row N``: what the encoder is given of a row."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from modaxfer.cli.output import print_json, print_lines

__all__ = ["print_preview"]


def print_preview(
    encoder: str,
    task: str,
    row: int,
    *,
    split: str,
    settings: dict[str, Any],
    output: Path | None,
    as_json: bool,
) -> None:
    """Print what `encoder` is given of a row of `task`, or write it to `output`.

    Raises:
        ModaxferError: See `modaxfer.runner.explain.previewed.preview`; or `output` cannot be written.
    """
    from modaxfer.reports.explain.preview import preview_lines, write_preview
    from modaxfer.runner.explain.previewed import preview

    made = preview(encoder, task, row, split=split, settings=settings)
    if output is not None:
        write_preview(made, output)
    if as_json:
        given = [
            {
                "input": one.key,
                "kind": one.kind,
                "fields": list(one.fields),
                "size": one.size,
                "tokens": list(one.tokens),
            }
            for one in made.given
        ]
        print_json({"encoder": made.encoder, "task": made.task, "bridge": made.bridge, "row": row, "given": given})
        return
    print_lines(f"{made.encoder} on {made.task}, row {row} of {split}, by {made.bridge} ({made.source})")
    for one in made.given:
        print_lines("\n".join(preview_lines(one, shutil.get_terminal_size().columns)))
    if output is not None:
        print_lines(f"written  {output}")
