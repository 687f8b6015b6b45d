"""What the server keeps on disk: reference recordings, uploads and saved outputs."""
