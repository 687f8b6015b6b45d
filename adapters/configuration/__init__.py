"""The parts of the configuration adapter: keys, sources and their merge, changes, edits that keep comments."""
