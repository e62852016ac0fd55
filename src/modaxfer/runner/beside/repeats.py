"""What a run is repeated with: seeds, or few-shot episodes, of which there is one where nothing else is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from modaxfer.runner.beside.companion import Main
from modaxfer.runner.beside.episodes import episode_place
from modaxfer.runner.beside.seeds import seed_place

__all__ = ["Repeats", "repeats"]


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """The repetitions of one run."""

    name: str
    """``seeds`` or ``episodes``."""
    numbers: tuple[int, ...]
    """The main run's own first."""
    place: Callable[[int], str]
    """Returns where another than the main run lies."""
    settles: bool
    """Whether all take the factor on learning rates that the first has found, whose rows are theirs."""

    @property
    def one(self) -> str:
        """What people call one of them."""
        return self.name[:-1]

    def main(self, main: Main, number: int) -> Main:
        """Return the main run as its request is for one of them."""
        if number == self.numbers[0]:
            return main
        own: dict[str, Any] = {"seed": number} if self.name == "seeds" else {"episode": number}
        return replace(main, config=replace(main.config, **own))


def repeats(main: Main) -> Repeats:
    """Return what `main` is repeated with."""
    config = main.config
    if config.episodes > 1:
        numbers = tuple(range(config.episodes))
        return Repeats(name="episodes", numbers=numbers, place=episode_place, settles=False)
    numbers = tuple(range(config.seed, config.seed + config.seeds))
    return Repeats(name="seeds", numbers=numbers, place=seed_place, settles=True)
