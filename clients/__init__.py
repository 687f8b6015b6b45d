"""Programs that use a running server through its public API only."""
