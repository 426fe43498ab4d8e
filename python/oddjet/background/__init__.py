"""Background templates: what a signal region would hold without signal."""
