"""TTSKit's REST API: speech, engines, state, cache and keys below `/api/v1`."""
