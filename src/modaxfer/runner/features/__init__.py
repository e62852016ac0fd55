"""An encoder's features of rows, with labels or without: what is asked, which rows, vectors in blocks, files."""
