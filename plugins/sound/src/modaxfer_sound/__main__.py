"""Long clips: ``python -m modaxfer_sound cut DATA OUT`` to learn from, ``... predict RUN FILE`` to be told."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from modaxfer.errors import DataError, ModaxferError, OutputExistsError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Cut the clips of a data set into rows, or predict files by their segments; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m modaxfer_sound", description=__doc__.splitlines()[0])
    which = parser.add_subparsers(dest="which", required=True)
    cut, predict = (which.add_parser(name) for name in ("cut", "predict"))
    cut.add_argument("data", type=Path, help="folder or file, as --data takes it")
    cut.add_argument("output", type=Path, help="folder for the rows; must not hold any yet")
    cut.add_argument("--audio", default="audio", metavar="COL", help="column of the clips")
    predict.add_argument("run", type=Path, help="folder that modaxfer train wrote")
    predict.add_argument("files", type=Path, nargs="+", help="recordings of any length")
    predict.add_argument("--pool", default="mean", choices=("mean", "max", "geometric"))
    for one in (cut, predict):
        one.add_argument("--seconds", type=float, default=5.0, help="length of a segment; default: 5")
        one.add_argument("--hop", type=float, help="seconds from one segment to the next; default: no overlap")
    options = parser.parse_args(arguments)
    try:
        (_cut if options.which == "cut" else _predict)(options)
    except ModaxferError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return 0


def _cut(options: argparse.Namespace) -> None:
    import pyarrow.parquet as pq

    from modaxfer_sound.segments import read_segments

    if options.output.exists() and any(options.output.iterdir()):
        raise OutputExistsError("the folder is not empty", got=str(options.output), fix="name another")
    tables = read_segments(options.data, column=options.audio, seconds=options.seconds, hop=options.hop)
    options.output.mkdir(parents=True, exist_ok=True)
    for split, table in tables.items():
        pq.write_table(table, options.output / f"{split}.parquet")
        sys.stdout.write(f"{split}: {len(table)} segments of {len(table.column('clip').unique())} clips\n")
    sys.stdout.write(f"modaxfer train --data {options.output} --audio {options.audio} --group clip --label ...\n")


def _predict(options: argparse.Namespace) -> None:
    import soundfile

    import modaxfer
    from modaxfer_sound.segments import predict_long

    clips = []
    for path in options.files:
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise DataError("unreadable sound", file=path, got=error, fix="replace the file") from error
        clips.append((samples.mean(1), int(rate)))
    heard = {"seconds": options.seconds, "hop": options.hop, "pool": options.pool}
    for path, told in zip(options.files, predict_long(modaxfer.load(options.run), clips, **heard), strict=True):
        sys.stdout.write(json.dumps({"file": str(path), **told}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
