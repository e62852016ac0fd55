"""Phases of a plan: trained by gradient from where nothing is frozen, or solved in closed form."""
