"""Wyoming: the TCP protocol of Home Assistant's voice services. A line of JSON, then data, then raw audio."""
