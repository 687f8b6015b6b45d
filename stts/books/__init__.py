"""Books: files that people have are read into chapters and items, and spoken items are bound into one file again."""
