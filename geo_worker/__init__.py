"""Coordinates in, address out: politely, through a cache, and never in the way of a check-in."""
