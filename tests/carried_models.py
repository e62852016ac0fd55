"""Exports as a process without modaxfer has them, in this one."""

from __future__ import annotations

import importlib.util


def carried(folder):
    """Return the pipeline of an export, loaded from its file."""
    spec = importlib.util.spec_from_file_location("pipeline", folder / "pipeline.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Pipeline(folder)


def here(folder, rows):
    """Do what the fresh process does in this one, which takes no seconds to start."""
    return {"scores": carried(folder).scores(rows).tolist(), "seconds": [0.001], "peak_mb": None}
