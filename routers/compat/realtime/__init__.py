"""OpenAI's Realtime API, `WS /v1/realtime`: its sessions, commands and events over one ConversationSession.

`routes.py` accepts, `connection.py` owns one socket, `commands.py` carries out what clients send, `event_encoder.py`
and `response.py` encode what the session does as events. `beta.py` translates to and from the older dialect at the very
edge: within, there is only the current one.
"""
