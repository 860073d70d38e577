"""Alerts seen firing for real: Prometheus scrapes a real fleet that is broken on purpose, one fault at a time."""
