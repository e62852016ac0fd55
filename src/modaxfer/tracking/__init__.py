"""Trackers that Accelerate knows, told of a run by an observer like those of plugins. Standard library only."""

from modaxfer.tracking.known import TRACKERS, Tracker, asked_trackers, trackers_table

__all__ = ["TRACKERS", "Tracker", "asked_trackers", "trackers_table"]
