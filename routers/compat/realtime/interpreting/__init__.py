"""Translation sessions of OpenAI's Realtime API: speech of one language in, speech and text of another out.

`session_object.py` holds what a client configures, `interpreter.py` makes a conversation of it (which engine or model
translates), `speaker.py` says one turn after the other, `connection.py` is one client on its socket.
"""
