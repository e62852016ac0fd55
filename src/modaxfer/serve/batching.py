"""Rows of many requests through the model at once: a bounded queue, a short window, one thread that computes."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from modaxfer.errors import ModaxferError

__all__ = ["Answers", "FullError"]

Row = Mapping[str, Any]
Answer = dict[str, Any]


class FullError(ModaxferError):
    """There are as many rows in the queue as it holds."""


class Answers:
    """Answers rows, from memory where the same row was answered before.

    Args:
        predict: Rows to as many answers; it is never called twice at a time.
        window: Seconds that a row waits for others to be computed with.
        batch: Most rows that are computed at once.
        queue: Most rows that wait.
        kept: Most answers that are kept.
        kept_bytes: Most bytes that they hold as JSON, keys included; one of many classes is large.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[Row]], Sequence[Answer]],
        *,
        window: float = 0.005,
        batch: int = 64,
        queue: int = 1024,
        kept: int = 4096,
        kept_bytes: int = 64_000_000,
    ) -> None:
        self.predict, self.window, self.batch, self.most = predict, window, batch, queue
        self.kept, self.kept_bytes, self.held_bytes = kept, kept_bytes, 0
        self.waiting: list[tuple[bytes, Row, asyncio.Future[Answer]]] = []
        self.answered = self.remembered = 0
        self._memory: OrderedDict[bytes, tuple[Answer, int]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "predict")
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, rows: Sequence[Row]) -> list[Answer]:
        """Return the answer to each of `rows`.

        Raises:
            FullError: The queue has no room for them.
        """
        keys = [_key(row) for row in rows]
        found = [self._remembered(key) for key in keys]
        new = found.count(None)
        if len(self.waiting) + new > self.most:
            raise FullError("the server has as many rows as it holds", got=f"{len(self.waiting)} wait, {new} more",
                            allowed=self.most, fix="send this request again in a second, or fewer rows")  # fmt: skip
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Answer] | None] = [loop.create_future() if one is None else None for one in found]
        self.waiting += [
            (key, row, future) for key, row, future in zip(keys, rows, futures, strict=True) if future is not None
        ]
        if new and (self._task is None or self._task.done()):
            self._task = loop.create_task(self._work())
        made = [await future if future is not None else one for future, one in zip(futures, found, strict=True)]
        self.answered += len(rows)
        return [one for one in made if one is not None]

    async def _work(self) -> None:
        """Compute until nothing waits."""
        while self.waiting:
            await asyncio.sleep(self.window)
            batch, self.waiting = self.waiting[: self.batch], self.waiting[self.batch :]
            await self._compute(batch)

    async def _compute(self, batch: Sequence[tuple[bytes, Row, asyncio.Future[Answer]]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            made = await loop.run_in_executor(self._thread, self.predict, [row for _, row, _ in batch])
        except Exception as error:  # Whoever waits is told; the server goes on.
            for _, _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (key, _, future), answer in zip(batch, made, strict=True):
            self._keep(key, answer)
            if not future.done():
                future.set_result(answer)

    def _keep(self, key: bytes, answer: Answer) -> None:
        """Keep an answer, and forget the oldest beyond the bounds."""
        size = len(key) + len(json.dumps(answer))
        self.held_bytes += size - self._memory.pop(key, (answer, 0))[1]
        self._memory[key] = answer, size
        while len(self._memory) > self.kept or self.held_bytes > self.kept_bytes:
            self.held_bytes -= self._memory.popitem(last=False)[1][1]

    def _remembered(self, key: bytes) -> Answer | None:
        if key not in self._memory:
            return None
        self._memory.move_to_end(key)
        self.remembered += 1
        return self._memory[key][0]


def _key(row: Row) -> bytes:
    """Return a digest of a row's content."""
    digest = hashlib.sha256()
    for name, value in sorted(row.items()):
        held = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
        digest.update(f"{name}\0{type(value).__name__}\0{len(held)}\0".encode() + held)
    return digest.digest()
