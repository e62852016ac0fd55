"""What encoders learn by, before there is a task: one file each."""
