"""Owns what an office may be: how long its name, how wide its fence; as the table `offices` has it."""

from typing import Final

NAME_LENGTH: Final = 40
"""Characters."""
RADIUS: Final = range(50, 10_001)
"""Metres. A telephone that does not say how sure it is counts as off by 30 (`checkin_worker/fence.py`), so within a
narrower fence nobody could surely be."""
