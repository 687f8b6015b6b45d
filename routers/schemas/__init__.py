"""The wire shapes, one file per dialect."""
