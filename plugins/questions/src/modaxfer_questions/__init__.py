"""Question classification for modaxfer."""
