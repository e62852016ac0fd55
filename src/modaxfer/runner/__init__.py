"""Executes a plan on Accelerate: resolve, prepare, features, train, evaluate, save."""
