"""The devices of this machine that sound comes out of. Nothing here knows of windows or servers."""
