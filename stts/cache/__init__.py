"""Speech that was made before: answers and sentences, kept in memory, on disk and in Redis."""
