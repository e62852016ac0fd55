"""Losses that a phase can name, and ways to make one gradient of several."""
