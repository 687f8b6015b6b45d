"""The Telegram bot: a core that knows no framework, and an adapter for each of four."""
