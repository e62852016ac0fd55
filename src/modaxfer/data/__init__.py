"""Rows: where they come from, how they are read, cleaned and split. Knows no encoder and no strategy."""
