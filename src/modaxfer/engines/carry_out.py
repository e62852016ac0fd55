"""Jobs on an engine, from the first to the last: so many at once, and what died once more, and no other."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from modaxfer.collector import work_begins
from modaxfer.engines.contract import Engine, Job

__all__ = ["TRIES", "Ended", "carried_out"]

TRIES = 3
"""How often a job is started before it counts as dead."""

WRONG = 2
"""Exit status of a request that was wrong, as of all our commands: asked again it would be again."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A job that is started no more."""

    job: Job
    tries: int
    died: str | None = None
    """How its last attempt was over, where none has left its mark."""


def carried_out(engine: Engine, jobs: Iterable[Job], say: Callable[[str], None]) -> Generator[Ended, None, None]:
    """Run `jobs` on `engine` and yield each as it ends, once; whatever stops this ends those that run.

    A job whose process is over without its mark (killed, out of memory, machine gone) is started again, before any
    other, up to `TRIES` times.

    Args:
        engine: Is closed at the end.
        jobs: With names of their own.
        say: Told of each that died, on one line.
    """
    work_begins()
    waiting, tries, running = deque(jobs), Counter[str](), 0
    try:
        while waiting or running:
            while waiting and running < engine.jobs:
                job = waiting.popleft()
                job.mark.unlink(missing_ok=True)
                tries[job.name] += 1
                engine.start(job)
                running += 1
            for over in engine.over():
                running -= 1
                tried = tries[over.job.name]
                if over.job.mark.is_file():
                    yield Ended(job=over.job, tries=tried)
                elif tried < TRIES and over.status != WRONG:
                    say(f"{over.job.name} died ({over.how}) and is run once more; its log: {over.job.log}")
                    waiting.appendleft(over.job)
                else:
                    yield Ended(job=over.job, tries=tried, died=over.how)
    finally:
        engine.close()
