"""Where, in which arithmetic and in how many processes a run is computed."""
