"""What encoders learn from rows without labels, one file each."""
