"""The strategies that ship with the framework."""

from __future__ import annotations

from modaxfer.spec import StrategySpec

__all__ = ["STRATEGIES"]

STRATEGIES = (
    StrategySpec(
        name="full",
        target="modaxfer.strategies.full:plan",
        options="modaxfer.strategies.full:FullOptions",
        summary="Fine-tune everything, lower layers more slowly (Howard & Ruder 2018).",
    ),
    StrategySpec(
        name="lora",
        target="modaxfer.strategies.lora:plan",
        options="modaxfer.strategies.lora:LoraOptions",
        summary="Freeze the body, train low-rank updates of its matrices (Hu et al. 2022).",
    ),
    StrategySpec(
        name="adapter",
        target="modaxfer.strategies.adapter:plan",
        options="modaxfer.strategies.adapter:AdapterOptions",
        summary="Freeze the body, train something else that is small in it: (IA)3, VeRA, OFT, BitFit, prompts ...",
    ),
    StrategySpec(
        name="frozen",
        target="modaxfer.strategies.frozen:plan",
        options="modaxfer.strategies.frozen:FrozenOptions",
        summary="Encode once, fit a classical head on the features; with a trained bridge, FPT (Lu et al. 2021).",
    ),
    StrategySpec(
        name="contrastive",
        target="modaxfer.strategies.contrastive:plan",
        options="modaxfer.strategies.contrastive:ContrastiveOptions",
        summary="Few rows: the body learns from pairs of rows, then a classical head is fitted (Tunstall et al. 2022).",
    ),
    StrategySpec(
        name="fusion",
        target="modaxfer.strategies.fusion:plan",
        options="modaxfer.strategies.fusion:FusionOptions",
        many_encoders=True,
        summary="Several encoders, each searched, joined where that pays; or under one head that is trained.",
    ),
    StrategySpec(
        name="multitask",
        target="modaxfer.strategies.multitask:plan",
        options="modaxfer.strategies.multitask:MultitaskOptions",
        many_tasks=True,
        summary="Several tasks share one encoder, a head each (Caruana 1997).",
    ),
    StrategySpec(
        name="merge",
        target="modaxfer.strategies.merge:plan",
        options="modaxfer.strategies.merge:MergeOptions",
        summary="Join the weights of finished runs, without training: average, task arithmetic, TIES, DARE.",
    ),
    StrategySpec(
        name="coral",
        target="modaxfer.strategies.coral:plan",
        options="modaxfer.strategies.coral:CoralOptions",
        adapts=True,
        summary="From a labelled source to an unlabelled task: covariances drawn together (Sun & Saenko 2016).",
    ),
    StrategySpec(
        name="dann",
        target="modaxfer.strategies.dann:plan",
        options="modaxfer.strategies.dann:DannOptions",
        adapts=True,
        summary="From a labelled source to an unlabelled task: a discriminator is deceived (Ganin et al. 2016).",
    ),
    StrategySpec(
        name="adamatch",
        target="modaxfer.strategies.adamatch:plan",
        options="modaxfer.strategies.adamatch:AdaMatchOptions",
        adapts=True,
        unlabelled=True,
        summary="Pseudo-labels that a strong view of a row has to follow (AdaMatch, Berthelot et al. 2022).",
    ),
    StrategySpec(
        name="mcc",
        target="modaxfer.strategies.mcc:plan",
        options="modaxfer.strategies.mcc:MccOptions",
        adapts=True,
        unlabelled=True,
        summary="Rows without labels are drawn to one class or another (minimum class confusion, Jin et al. 2020).",
    ),
    StrategySpec(
        name="tapt",
        target="modaxfer.strategies.tapt:plan",
        options="modaxfer.strategies.tapt:TaptOptions",
        adapts=True,
        unlabelled=True,
        own_rows=True,
        summary="Go on pretraining on the task's inputs, then learn labels (Gururangan et al. 2020; UDALM, Karouzos et "
        "al. 2021).",
    ),
    StrategySpec(
        name="ot",
        target="modaxfer.strategies.ot:plan",
        options="modaxfer.strategies.ot:OtOptions",
        adapts=True,
        summary="From a labelled source to an unlabelled task: frozen features carried by optimal transport (Courty et "
        "al. 2017).",
    ),
    StrategySpec(
        name="shot",
        target="modaxfer.strategies.shot:plan",
        options="modaxfer.strategies.shot:ShotOptions",
        from_run=True,
        summary="From a run to an unlabelled task, without the run's rows: its head stays, the encoder moves (Liang et "
        "al. 2020).",
    ),
    StrategySpec(
        name="label-shift",
        target="modaxfer.strategies.label_shift:plan",
        options="modaxfer.strategies.label_shift:LabelShiftOptions",
        adapts=True,
        from_run=True,
        summary="Classes more or less common than in the source or run before: probabilities weighed anew (Saerens "
        "et al. 2002).",
    ),
)
