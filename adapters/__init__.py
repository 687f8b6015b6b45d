"""Async, shared by all requests: what turns plain engines into streams that can be queued, cancelled and timed."""
