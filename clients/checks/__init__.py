"""Checks of each endpoint, by what they are about."""
