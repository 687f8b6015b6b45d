"""Storage on disk: reference recordings, uploads and saved outputs."""
