"""``modaxfer pretrain``."""

from __future__ import annotations

from typing import Any

import click

from modaxfer.cli.command import Command
from modaxfer.cli.options import QUIET, config_options_of, settings
from modaxfer.cli.output import print_lines
from modaxfer.pretraining.config import PretrainingConfig

__all__ = ["pretrain_command"]


@click.command("pretrain", cls=Command)
@config_options_of(PretrainingConfig)
@click.option(
    "--resume", is_flag=True, help="Go on with the unfinished pretraining in the output folder, as it was asked for."
)
@QUIET
def pretrain_command(resume: bool, quiet: bool, **values: Any) -> None:
    """Train an encoder on rows before there is a task; the folder it writes is an --encoder.

    \b
    modaxfer pretrain --encoder ./vit-tiny --objective masked-image --data photos/ --output ./eyes
    modaxfer pretrain --encoder ./bert-tiny --objective masked-language --data notes.txt --data reviews.csv
    modaxfer pretrain --encoder ./vit-tiny --objective distillation --teacher bert --data notes.txt --set unit=words
    modaxfer pretrain --encoder vit:tiny --objective supervised --data traffic-signs=2 --data my-photos/=1
    """  # noqa: D301 - click's mark for lines kept as they are
    given = settings(values)
    from modaxfer.pretraining.face import pretrain

    folder = pretrain(resume=resume, quiet=quiet, **given)
    print_lines(f"encoder  {folder}\ncard     {folder / 'README.md'}")
