"""Data sets that are too large to copy: their rows pass by once, and the random part that is kept is kept for good."""
