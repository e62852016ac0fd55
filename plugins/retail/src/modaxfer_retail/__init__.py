"""Retail tasks for modaxfer."""
