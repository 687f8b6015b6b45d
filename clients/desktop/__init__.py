"""The desktop client: it speaks what is typed into a call, through a virtual cable, and uses the public API only."""
