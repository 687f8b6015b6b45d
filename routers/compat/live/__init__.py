"""OpenAI's GPT-Live dialect: sessions that listen and speak at once, over a socket or any other transport.

`link.py` is the seam to the transports, `delegation/brain.py` the one to whoever does the work of a session.
"""
