"""The doors: parse, run one operation through the pipeline, answer."""
