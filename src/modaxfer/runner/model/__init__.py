"""Towers under one head: the one module that a plan trains, what goes into it, and how it comes back from a run."""
