"""A run's model taken away: a Transformers folder, a PEFT adapter, a graph of ONNX; each predicts without modaxfer."""
