"""Tasks: from a spec, or from a user's own files, to cleaned and split rows."""
