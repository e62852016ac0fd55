"""Who may write into a run's folder, what lies there, and what a run that is resumed must find as it was."""
