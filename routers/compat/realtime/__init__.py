"""OpenAI's Realtime API, `WS /v1/realtime`: its sessions, commands and events over one ConversationSession.

`door.py` accepts, `connection.py` owns one socket, `commands.py` carries out what clients send, `outgoing.py` and
`response.py` say in events what the session does. `beta.py` translates to and from the older dialect at the very edge:
within, there is only the current one.
"""
