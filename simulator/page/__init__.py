"""The page at `/`: the figures so far, the calls per second, and the latest conversations."""
