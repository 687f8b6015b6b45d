"""The domain of STTS Server: what plug-ins and clients may import. Imports nothing of the layers above."""

__version__ = "0.1.0"
