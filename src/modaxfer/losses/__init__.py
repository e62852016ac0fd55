"""Losses that a phase can name, ways to make one gradient of several, and what losses of plugins are written with too.

A file is a loss or a combiner; or what several share: ``adversary``, the ``roles`` of streams, ``pseudo_labels``,
``unit_attention`` and the ``sum``. ``build``, ``rehearse``, ``facts``, ``extras`` and ``predicted`` are the runner's: a
phase's losses in one module, tried before weights are loaded, what they may know of a stream, and what the model adds
to its rows. The others' names stand here, imported when they are first used; a plan names a loss as
``LossTerm(name="l2_sp", target="modaxfer.losses:L2SP")`` and a combiner as ``Component(target=...)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.lazy_names import lazily

if TYPE_CHECKING:
    from modaxfer.losses.adamatch import AdaMatch
    from modaxfer.losses.adversary import Discriminator, reversed_gradient
    from modaxfer.losses.bss import BatchSpectralShrinkage
    from modaxfer.losses.centroids import CentroidLabels
    from modaxfer.losses.co_tuning import CoTuning
    from modaxfer.losses.conflicts import IMTLG, PCGrad
    from modaxfer.losses.contrastive import Contrastive
    from modaxfer.losses.coral import DeepCoral
    from modaxfer.losses.dann import Dann
    from modaxfer.losses.delta import Delta
    from modaxfer.losses.distillation import Distillation
    from modaxfer.losses.information import InformationMaximisation
    from modaxfer.losses.l2_sp import L2SP
    from modaxfer.losses.masked import Masked
    from modaxfer.losses.mcc import Mcc
    from modaxfer.losses.pseudo_labels import aligned, followed, moving_mean, relative_threshold, settled
    from modaxfer.losses.roles import of_role, require_roles
    from modaxfer.losses.sum import Sum, total
    from modaxfer.losses.supervised import Supervised
    from modaxfer.losses.uncertainty import Uncertainty
    from modaxfer.losses.unit_attention import attention_of

__all__ = [
    "IMTLG",
    "L2SP",
    "AdaMatch",
    "BatchSpectralShrinkage",
    "CentroidLabels",
    "CoTuning",
    "Contrastive",
    "Dann",
    "DeepCoral",
    "Delta",
    "Discriminator",
    "Distillation",
    "InformationMaximisation",
    "Masked",
    "Mcc",
    "PCGrad",
    "Sum",
    "Supervised",
    "Uncertainty",
    "aligned",
    "attention_of",
    "followed",
    "moving_mean",
    "of_role",
    "relative_threshold",
    "require_roles",
    "reversed_gradient",
    "settled",
    "total",
]

_LAZY = {
    "adamatch": ("AdaMatch",),
    "adversary": (
        "Discriminator",
        "reversed_gradient",
    ),
    "bss": ("BatchSpectralShrinkage",),
    "centroids": ("CentroidLabels",),
    "co_tuning": ("CoTuning",),
    "conflicts": (
        "IMTLG",
        "PCGrad",
    ),
    "contrastive": ("Contrastive",),
    "coral": ("DeepCoral",),
    "dann": ("Dann",),
    "delta": ("Delta",),
    "distillation": ("Distillation",),
    "information": ("InformationMaximisation",),
    "l2_sp": ("L2SP",),
    "masked": ("Masked",),
    "mcc": ("Mcc",),
    "pseudo_labels": (
        "aligned",
        "followed",
        "moving_mean",
        "relative_threshold",
        "settled",
    ),
    "roles": (
        "of_role",
        "require_roles",
    ),
    "sum": (
        "Sum",
        "total",
    ),
    "supervised": ("Supervised",),
    "uncertainty": ("Uncertainty",),
    "unit_attention": ("attention_of",),
}
__getattr__, __dir__ = lazily(__name__, globals(), _LAZY)
