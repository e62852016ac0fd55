"""Criteria: losses, and the way from outputs to predictions."""
