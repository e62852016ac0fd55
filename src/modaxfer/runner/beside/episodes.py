"""Few-shot episodes: the run repeated with other draws of its few labelled rows, each scored on the same test split."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.config import RunConfig
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Companion, Kind, Main, Runs
from modaxfer.runner.beside.spread import mean_intervals, spread
from modaxfer.runner.request.single import single

__all__ = ["EPISODES", "episode_place"]


def _companions(main: Main) -> tuple[Companion, ...]:
    """The run itself is the first episode."""
    return tuple(_episode(main, number) for number in range(1, main.config.episodes))


def _episode(main: Main, number: int) -> Companion:
    def config(runs: Runs) -> RunConfig:
        # A factor on learning rates is searched again: the first draw's labelled rows are not this one's.
        return replace(single(main.config), episode=number)

    return Companion(
        place=episode_place(number), label=f"episode {number}", config=config, same_weights=True, brief=True
    )


def episode_place(number: int) -> str:
    """Return where the run of another episode lies."""
    return f"episodes/{number}"


def _is_told(main: Main) -> bool:
    return list(main.result.episodes.get("episodes", ())) == list(range(main.config.episodes))


def _tell(main: Main, result: Result, runs: Runs) -> Result:
    found = {0: main.result}
    found |= {n: runs[episode_place(n)] for n in range(1, main.config.episodes) if episode_place(n) in runs}
    if len(found) < 2:
        return result
    told = spread(list(found.values()))
    episodes = {
        "shots": main.config.shots,
        "episodes": list(found),
        **told,
        "intervals": mean_intervals(told),
    }
    return replace(result, episodes=episodes)


EPISODES = Kind(name="the scores by episode", companions=_companions, is_told=_is_told, tell=_tell)
