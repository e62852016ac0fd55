"""Corrections of what a trained model says, fitted to outputs alone."""
