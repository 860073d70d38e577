"""The fault campaign: the fleet is broken on purpose, one fault at a time, and judged from outside."""
