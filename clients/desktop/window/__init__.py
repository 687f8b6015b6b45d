"""The window: it shows what the model tells, and asks the model for what is pressed."""
