"""`python -m tests.testing.installed …` is `devinops …` as if it came from an index, and without pauses between retries.

So what it writes does not depend on how the tests themselves got devinops.
"""

import sys

from devinops import waiting
from devinops.cli.handlers import init
from devinops.cli.main import main
from devinops.cli.setup.installed_from import Origin

if __name__ == "__main__":
    waiting.pause = lambda *_: None
    init.installed_origin = lambda: Origin("devinops==1.0.0")
    sys.exit(main(sys.argv[1:]))
