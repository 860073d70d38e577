"""`python -m sender`.

On asyncio's own loop: its transports write to the socket at once, where uvloop waits for the end of the loop's turn,
and the pacer counts a call from the moment of its write (`sender.pacer`). Thirty calls a second need no faster loop.
"""

from sender.app import sender
from sender.settings import SenderSettings
from shared.lifecycle import run

if __name__ == "__main__":
    run("sender", SenderSettings, sender)
