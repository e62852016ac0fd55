"""Strategies: transfer methods as declarative plans, and what they are written with, ours and those of plugins alike.

A file is a strategy, with its options and ``plan(options, context)``; or what several share, and then its names stand
here: ``checks`` of options, ``penalties`` that hold a body to what it was, ``schedule`` (how long, how fast),
``stages`` of what moves, ``ends`` in weight space, how the encoder moves ``underneath``, ``adaptation`` from a labelled
source to rows without labels, features that are ``moved`` there in closed form. What the search for a classical head
may be asked for comes from the heads' own room.
"""

from modaxfer.heads.search_options import SearchOptions, check_layer, heads_for, refuse_reduction
from modaxfer.strategies.adaptation import AdaptationOptions, adapting
from modaxfer.strategies.adapter import adapter_phase
from modaxfer.strategies.checks import (
    check_declared,
    check_from_layer,
    check_idle,
    check_installed,
    check_one_class,
    check_share,
)
from modaxfer.strategies.ends import EndOptions, ends_of
from modaxfer.strategies.frozen import FrozenOptions
from modaxfer.strategies.moved import MovedOptions, moved
from modaxfer.strategies.penalties import PenaltyOptions, held
from modaxfer.strategies.schedule import (
    ADAPTER_LENGTH,
    ATTENTION_HEAD_RATE,
    CACHED_HEAD_RATE,
    FULL_LENGTH,
    HEAD_LENGTH,
    Length,
    head_rate,
    main_rate,
)
from modaxfer.strategies.stages import HEAD_STAGE, StageOptions, staged
from modaxfer.strategies.underneath import UNDERNEATH, UnderneathOptions, underlying

__all__ = [
    "ADAPTER_LENGTH",
    "ATTENTION_HEAD_RATE",
    "CACHED_HEAD_RATE",
    "FULL_LENGTH",
    "HEAD_LENGTH",
    "HEAD_STAGE",
    "UNDERNEATH",
    "AdaptationOptions",
    "EndOptions",
    "FrozenOptions",
    "Length",
    "MovedOptions",
    "PenaltyOptions",
    "SearchOptions",
    "StageOptions",
    "UnderneathOptions",
    "adapter_phase",
    "adapting",
    "check_declared",
    "check_from_layer",
    "check_idle",
    "check_installed",
    "check_layer",
    "check_one_class",
    "check_share",
    "ends_of",
    "head_rate",
    "heads_for",
    "held",
    "main_rate",
    "moved",
    "refuse_reduction",
    "staged",
    "underlying",
]
