"""`python -m tests.testing.without_pauses …` is `devinops …` without the pauses of its retries."""

import sys

from devinops import waiting
from devinops.cli import main

if __name__ == "__main__":
    waiting.pause = lambda *_: None
    sys.exit(main(sys.argv[1:]))
