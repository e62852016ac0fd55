"""torch's elastic launcher, as a program that ends without a traceback: its processes have said what went wrong."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Start what the command line says, as ``python -m torch.distributed.run`` does, and return the exit status."""
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main as launch

    try:
        launch()
    except SignalException as stop:
        return 128 + int(stop.sigval)
    except ChildFailedError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
