"""What a model has to beat: guessing, the majority, and a simple model of the same rows."""
