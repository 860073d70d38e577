"""The schema's history, oldest first; plain SQL."""
