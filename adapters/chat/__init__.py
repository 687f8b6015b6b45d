"""Reply adapters: writers of replies, one file each."""
