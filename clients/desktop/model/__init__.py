"""Everything the client does, without a window: settings, the server, history, references, phrases, the queue."""
