"""Tries one engine after the other until the first audio or words."""
