"""Brains of Live sessions, which do the work: the app, the language model, or both."""
