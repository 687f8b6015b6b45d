"""Load and faults: programs that run the server hard, break what it stands on, and judge what clients saw."""
