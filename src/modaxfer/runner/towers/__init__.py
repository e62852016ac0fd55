"""Towers under one head: the one module that a plan trains, and what goes into it."""
