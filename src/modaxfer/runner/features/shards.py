"""Features of a folder of parquet files, one job for each: what is missing is made, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.engines import Job, Where, carried_out
from modaxfer.errors import ConfigError, RunFailedError
from modaxfer.runner.features.folder import asked_of, claim_folder, reading_flags
from modaxfer.runner.features.question import CACHE, Question, read_question
from modaxfer.runner.request.command import flags_of, plain_text

__all__ = ["Shards", "read_shards", "write_shards"]

LOGS = "logs"

ENDING = ".parquet"


@dataclass(frozen=True, kw_only=True)
class Shards:
    """A folder of rows that becomes a folder of vectors, file by file, under the same names."""

    questions: Mapping[str, Question]
    """By the name of the file, in their order."""
    output: Path

    @property
    def missing(self) -> list[str]:
        """Names of the files that are not there, or older than their rows."""
        return [name for name, question in self.questions.items() if not self._is_made(name, question)]

    def _is_made(self, name: str, question: Question) -> bool:
        made = self.output / name
        return made.is_file() and made.stat().st_mtime_ns >= Path(str(question.settings.data)).stat().st_mtime_ns

    def to_dict(self) -> dict[str, Any]:
        """Return what is asked of every file, as plain values: another encoder gives other vectors."""
        any_one = next(iter(self.questions.values()))
        return asked_of(any_one, str(Path(str(any_one.settings.data)).parent.resolve()))


def read_shards(values: Mapping[str, Any]) -> Shards:
    """Make the questions of a folder: those of `modaxfer.runner.features.question.read_question` for each of its files.

    Raises:
        ConfigError: A stream is asked for, ``data`` is no folder of parquet files, ``output`` is no folder, or a value
            is wrong.
    """
    if values.get("stream"):
        raise ConfigError(
            "a stream is read by one process, and an engine starts a job for each file of a folder", got="--stream",
            fix="leave --engine and --jobs out; or --stream, of a folder of parquet files",
        )  # fmt: skip
    data, output = values.get("data"), values.get("output")
    folder = Path(str(data)).expanduser() if data else None
    names = sorted(path.name for path in folder.glob(f"*{ENDING}")) if folder is not None and folder.is_dir() else []
    if folder is None or not names:
        raise ConfigError(
            "an engine encodes a folder of parquet files, each in a job of its own",
            got=data or "no --data",
            fix="name a folder of F.parquet files with --data; leave --engine out for one file",
        )
    if output is None or Path(str(output)).suffix or Path(str(output)).is_file():
        raise ConfigError(
            "an engine writes a folder of parquet files", got=output or "no --output", fix="name a folder with --output"
        )
    made = Path(str(output)).expanduser().absolute()
    if made.resolve() == folder.resolve():
        raise ConfigError("vectors would take the place of their rows", got=made, fix="name another --output")
    questions = {
        name: read_question({**values, "data": str(folder.absolute() / name), "output": str(made / name)})
        for name in names
    }
    return Shards(questions=questions, output=made)


def write_shards(shards: Shards, where: Where, say: Callable[[str], None]) -> None:
    """Encode what is missing on an engine.

    Raises:
        ConfigError: The folder holds features of another request.
        RunFailedError: A file could not be encoded; the others are written.
    """
    claim_folder(shards.output, shards.to_dict())
    missing, failed = shards.missing, []
    count, done = len(shards.questions), len(shards.questions) - len(missing)
    if done:
        say(f"{done} of {count} files are there from before")
    if missing:
        (shards.output / LOGS).mkdir(exist_ok=True)
        engine = where.open(shards.output)
        say(engine.told)
        with closing(carried_out(engine, [_job(shards, name) for name in missing], say)) as ended:
            for each in ended:
                done += 1
                say(f"[{done}/{count}] {each.job.name}: {each.died or 'encoded'}")
                failed += [] if each.died is None else [each.job]
    if failed:
        raise RunFailedError(
            f"{len(failed)} of {count} files could not be encoded",
            got=[job.name for job in failed][:3],
            fix=f"read {failed[0].log}; the same command again makes what is missing",
        )


def _job(shards: Shards, name: str) -> Job:
    question, mark = shards.questions[name], shards.output / name
    words = [*flags_of(question.settings), *reading_flags(question.reading), *_options(question), "--output", str(mark)]
    command = (sys.executable, "-m", "modaxfer", "features", *words)
    return Job(name=name, command=command, log=shards.output / LOGS / f"{name}.log", mark=mark)


def _options(question: Question) -> Iterator[str]:
    """Yield the options; vectors are kept once, in the files, unless the cache is asked for too."""
    given = dict(question.settings.set)
    if not set(CACHE) & set(given):
        given["train.cache"] = False
    for key, value in given.items():
        yield from ("--set", f"{key}={plain_text(value)}")
