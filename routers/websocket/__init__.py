"""Doors that stay open: one accepted WebSocket each, from `socket.accepted` to its end."""
