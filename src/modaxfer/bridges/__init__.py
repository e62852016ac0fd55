"""Ways from a task's signal to what an encoder takes."""
