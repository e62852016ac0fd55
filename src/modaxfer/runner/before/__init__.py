"""What comes before a run: its source stage, trained once and kept for the runs that ask for the same."""
