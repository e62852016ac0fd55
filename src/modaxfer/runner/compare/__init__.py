"""A grid of runs: what is asked for, one run per cell, and a table that survives being killed."""
