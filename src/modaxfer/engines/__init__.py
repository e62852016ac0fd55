"""Where command lines run: on this machine, on a Ray cluster, under Slurm; what died is started again.

An engine is handed words and files, never objects of ours. It knows nothing of runs.
"""

from __future__ import annotations

from modaxfer.engines.carry_out import TRIES, Ended, carried_out
from modaxfer.engines.choice import ENGINES, Where, chosen
from modaxfer.engines.contract import Engine, Job, Over
from modaxfer.engines.resources import Resources

__all__ = ["ENGINES", "TRIES", "Ended", "Engine", "Job", "Over", "Resources", "Where", "carried_out", "chosen"]
