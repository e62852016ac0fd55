"""Whether what a plugin calls a problem is one."""

from __future__ import annotations

from modaxfer.contracts import Criterion, LabelType, Problem
from modaxfer.registry import fault

__all__ = ["require_criterion", "require_problem"]


def require_problem(name: str, problem: object) -> None:
    """Check that `problem` and its labels have all that `modaxfer.contracts` asks of them.

    Raises:
        PluginFaultError: They lack something; all of it is named.
    """
    _require(f"problem {name}", problem, Problem)
    _require(f"the label type of problem {name}", problem.labels, LabelType)  # type: ignore[attr-defined]


def require_criterion(name: str, criterion: object) -> None:
    """Check that `criterion` has all that `modaxfer.contracts` asks of it.

    Raises:
        PluginFaultError: It lacks something; all of it is named.
    """
    _require(f"the criterion of problem {name}", criterion, Criterion)


def _require(what: str, found: object, contract: type) -> None:
    wanted = {*vars(contract), *contract.__annotations__} - {"columns"}  # asked of those with a link alone
    lacking = sorted(member for member in wanted if not member.startswith("_") and not hasattr(found, member))
    if lacking:
        raise fault(
            found,
            "is not complete",
            got=f"{type(found).__module__}:{type(found).__qualname__} without {', '.join(lacking)}",
            allowed=f"what modaxfer.contracts.{contract.__name__} describes",
            kind=what,
        )
