"""Speech and transcripts inside a Python program, without a server: `from embedded import Speech`.

It stands above the routes' services and beside the server: the same engines, pipeline, cache and settings, no socket.
Nothing of these is imported before `open()`.
"""

from embedded.asynchronous import AsyncSpeech as AsyncSpeech
from embedded.audio import Audio as Audio
from embedded.audio import VoiceOffer as VoiceOffer
from embedded.blocking import Speech as Speech
