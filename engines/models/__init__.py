"""The model catalogue of this server, and how its models come onto this machine. Plain and blocking."""
