"""What a trained model is worth: scores, intervals, baselines, parts of a row."""
