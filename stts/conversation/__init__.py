"""Spoken conversation. Pure: endpointing, turns, history. `session.py` is the one shell that owns tasks."""
