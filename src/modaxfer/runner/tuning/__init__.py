"""A search over the settings of a run: trials that are scored on validation alone, before the run itself."""
