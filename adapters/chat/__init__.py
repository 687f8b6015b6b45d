"""Who writes replies, one file each."""
