"""`python -m ostinato` is the command `ostinato`."""

import sys

from ostinato.cli import main

sys.exit(main())
