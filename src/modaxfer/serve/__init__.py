"""A run over HTTP: one process, rows of many requests in one batch, bounded in memory and queue, nothing written."""
