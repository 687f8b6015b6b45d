"""Listening while somebody speaks: with engines that can, and with those that transcribe a recording."""
