"""Folders of data: which are splits, which are classes, and which files in them count."""
