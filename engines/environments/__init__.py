"""Environments of engines that run as workers: one a list of requirements, installed on demand. Plain, blocking."""
