"""When the process began: read this module before torch, which takes seconds."""

import time

BEGAN = time.monotonic()
