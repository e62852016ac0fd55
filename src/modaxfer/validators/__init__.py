"""What chooses the best epoch of a phase."""
