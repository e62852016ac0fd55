"""Small pretrained weights of our own, inside the package."""
