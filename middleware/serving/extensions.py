"""Extensions that this server adds to the scope of a request, by their names there."""

CUT = "stts.cut"
"""Ends the connection in the middle of an answer, so that it cannot pass for a whole one."""
SLOW_BODY = "stts.slow_body"
"""Called when a body comes too slowly, to be told of in the log with all others."""
