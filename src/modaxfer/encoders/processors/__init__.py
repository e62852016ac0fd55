"""The encoder's own side of preparation: tokenise, resize, extract features. One file per kind of raw input."""
