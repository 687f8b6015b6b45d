"""Routes: parse, run one operation through the pipeline, answer."""
