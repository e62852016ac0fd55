"""Label types: a class per row, a set of them, or a number."""
