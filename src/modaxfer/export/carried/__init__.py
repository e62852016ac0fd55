"""What an export takes along: parts of its ``pipeline.py``, which know nothing of modaxfer, and how it is measured.

Each export gets one of the modules that make inputs, one that has the model, and `answers`, joined to one file by
`modaxfer.export.script`.
"""
