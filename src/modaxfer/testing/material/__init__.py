"""What is checked on: tiny models, made-up rows, files and tasks, and things of plugins built for them."""
