"""Commands that people give the bot: a file a family."""
