"""What may be done to a training row so that it stays true: one file per signal, a function per augmentation.

Each function takes a value, how strongly it may be changed, and a NumPy generator that all chance comes from.
"""
