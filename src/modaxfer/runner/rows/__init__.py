"""A task's rows on their way into the model: prepared once, kept on disk, put into batches."""
