"""The Discord bot: a core that knows no library, and discord.py around it."""
