"""A finished run asked for more: rows to predict, rows to score, its own test split again."""
