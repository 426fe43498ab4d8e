"""One reader a file format; each one's only job is to produce events."""
