"""Dictionaries of pronunciation: words and phrases, and how each is spoken."""
