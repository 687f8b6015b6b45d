"""Frameworks that carry the bot's messages: each translates, and decides nothing."""
