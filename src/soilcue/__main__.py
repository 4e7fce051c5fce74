"""What the command `soilcue`, and `python -m soilcue`, start."""

import os
import signal
import sys
from types import FrameType


def _stop(number: int, frame: FrameType | None) -> None:
    """End the program at once, without a traceback and without files written in part.

    Not by an exception: raised inside a callback of a library (of the garbage collector, for one) it would be lost.
    """
    if "soilcue.core.files" in sys.modules:
        sys.modules["soilcue.core.files"].remove_unfinished()
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")  # a progress bar hides the cursor
        sys.stderr.flush()
    os._exit(128 + number)


def main() -> None:
    """Run the commands. Ctrl-C (exit code 130) and a request to terminate (143) stop them at any moment."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    # after that: importing the commands takes long enough to be interrupted
    from soilcue.cli import main as commands

    commands()


if __name__ == "__main__":
    main()
