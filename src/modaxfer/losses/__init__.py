"""Losses that a phase can name, ways to make one gradient of several, and what losses of plugins are written with too.

A file is a loss or a combiner; or what several share: ``adversary``, the ``roles`` of streams, and the ``sum``, whose
names stand here, and so do those of ``pseudo_labels`` and ``unit_attention``. ``build``, ``rehearse``, ``facts``,
``extras`` and ``predicted`` are the runner's: a phase's losses in one module, tried before weights are loaded, what
they may know of a stream, and what the model adds to its rows.
"""

from modaxfer.losses.adversary import Discriminator, reversed_gradient
from modaxfer.losses.pseudo_labels import aligned, followed, moving_mean, relative_threshold, settled
from modaxfer.losses.roles import of_role, require_roles
from modaxfer.losses.sum import total
from modaxfer.losses.unit_attention import attention_of

__all__ = [
    "Discriminator",
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
