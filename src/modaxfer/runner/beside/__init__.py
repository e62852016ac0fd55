"""Runs beside a run: what they say of it that it cannot say itself."""
