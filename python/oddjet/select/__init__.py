"""Event selections, each with its cut flow."""
