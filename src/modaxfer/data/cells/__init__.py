"""What cells mean: numbers, dates, categories and labels, found in the training rows and kept with the model."""
