"""Shared by programs for people who write: the server's API with patience, queues, sentences, settings."""
