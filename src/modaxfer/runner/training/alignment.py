"""ORCA's stage before training (Shen et al. 2023): a trained bridge is moved towards its encoder's own features."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from modaxfer.contracts import AlignedBridge, Batch, pool
from modaxfer.encoders.load import load_encoder
from modaxfer.runner.context import RunContext
from modaxfer.runner.model.joint import JointProcessor, JointRows
from modaxfer.runner.processes.accelerate import share
from modaxfer.runner.request.proxy import Proxy
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.rows.batches import training_batches
from modaxfer.runner.rows.encode import Computer, forward_rows, lengths_of
from modaxfer.runner.rows.prepare import examples
from modaxfer.runner.session import TaskSession
from modaxfer.runner.tensors import write_tensors

__all__ = ["align_bridges"]


def align_bridges(
    sessions: Sequence[TaskSession], tasks: Sequence[ResolvedTask], context: RunContext, folder: Path
) -> dict[str, Any]:
    """Align every bridge that asks for it, once, before anything is trained.

    The main process does it and hands the others what came out. A killed run that has passed this stage takes it from
    `folder`.

    Args:
        sessions: One per task, untrained.
        tasks: What they were made from.
        context: What all sessions share.
        folder: ``RUN/.checkpoint``.

    Returns:
        Under ``alignment`` what was done: ``task``, ``encoder``, ``method``, ``proxy`` task with the ``source`` and
        number of its ``rows``, ``steps``, and the distance before the ``first`` and the ``last`` of them; of several
        bridges each one under ``parts``. Empty where there was nothing to do.
    """
    reports = []
    for number, (session, resolved) in enumerate(zip(sessions, tasks, strict=True)):
        for place, proxy in enumerate(resolved.proxies):
            if proxy is not None:
                stored = folder / f"aligned-{number}-{place}.safetensors"
                with context.stages.stage("train"):
                    reports.append(_Alignment(session, resolved, place, context, stored).run())
    if not reports:
        return {}
    return {"alignment": reports[0] if len(reports) == 1 else {"parts": reports}}


class _Alignment:
    """One bridge of one task, moved towards its proxy."""

    def __init__(
        self, session: TaskSession, resolved: ResolvedTask, place: int, context: RunContext, stored: Path
    ) -> None:
        self.session, self.resolved, self.place, self.context, self.stored = session, resolved, place, context, stored
        self.described, self.bridge, self.tower = (
            resolved.towers[place],
            session.bridges[place],
            session.model.towers[place],
        )

    def run(self) -> dict[str, Any]:
        tensors, report = share(self.context.accelerator, lambda: self._kept() or self._aligned())
        self.tower.bridge.load_state_dict(tensors)
        shown = f"{report['method']} {report['first']:.4g} at first, {report['last']:.4g} in step {report['steps']:,}"
        self.context.progress.say(f"  aligned with {report['proxy']}: {shown}")
        return report

    def _aligned(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Align the bridge; return its tensors and the report, which are kept for a run that is killed later."""
        session, proxy = self.session, self.resolved.proxies[self.place]
        assert proxy is not None, "asked by align_bridges"
        assert isinstance(self.bridge, AlignedBridge), "only such a bridge has a proxy"
        source = self._source(proxy)
        session.model.eval()
        with session.progress.bar("aligning", proxy.alignment.steps, "steps") as advance:
            losses = self.bridge.align(
                self.tower.bridge,
                self._batches(advance),
                session.splits["train"].targets,
                self.tower.encoder.embed_tokens,
                source,
                proxy.data.targets["train"],
            )
        report = {
            "task": self.resolved.task_id,
            "encoder": self.described.encoder.id,
            "method": proxy.alignment.method,
            "proxy": proxy.task_id,
            "source": proxy.data.source,
            "rows": len(source),
            "steps": len(losses),
            "first": losses[0],
            "last": losses[-1],
        }
        return self._keep(report), report

    def _source(self, proxy: Proxy) -> torch.Tensor:
        """Return the proxy rows' mean entry states, float32 ``[rows, hidden]``.

        They come from an encoder loaded again: the run's own has given its front up.
        """
        config, device = self.resolved.config, self.session.computer.device
        encoder: Any = load_encoder(
            self.described.encoder,
            # Entry states are compared, which no window has a part in.
            options=replace(self.described.encoder_options, long="head"),
            pretrained=config.weights == "pretrained",
            seed=config.seed,
        )
        encoder.to(device)
        processor = encoder.processor(proxy.kind)
        given = examples(
            proxy.data.splits["train"], proxy.bridge, processor, self.session.progress, label="preparing the proxy"
        )
        rows = [example for chunk in given for example in chunk if not isinstance(example, str)]
        states = np.zeros((len(rows), encoder.hidden_size), np.float32)
        for chosen, pooled in forward_rows(
            rows,
            lengths_of(rows, processor),
            processor.collate,
            lambda batch: pool(encoder.embed(batch), "mean"),
            Computer(device, "fp32"),
            max_tokens=self.session.train.max_tokens,
        ):
            states[chosen] = pooled.cpu().numpy()
        return torch.from_numpy(states)

    def _batches(self, advance: Callable[[int], None]) -> Iterator[tuple[Batch, np.ndarray]]:
        """Yield batches of the bridge's part of the training rows, without end."""
        session, split = self.session, self.session.splits["train"]
        rows, processor = split.rows, session.processor
        if isinstance(rows, JointRows) and isinstance(processor, JointProcessor):
            rows, processor = rows.parts[self.place], processor.parts[self.place]
        for epoch in count():
            for chosen in training_batches(split.lengths, session.batch_size, seed=session.seed, epoch=epoch):
                advance(1)
                yield session.computer.place(processor.collate([rows[row] for row in chosen])), chosen

    def _keep(self, report: dict[str, Any]) -> dict[str, torch.Tensor]:
        """Write the bridge's tensors and the report, and return the tensors."""
        state = self.tower.bridge.state_dict()
        tensors = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}
        write_tensors(tensors, self.stored, metadata={"report": json.dumps(report)})
        return tensors

    def _kept(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        if not self.stored.is_file():
            return None
        with safe_open(self.stored, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["report"])  # noqa: SIM118
