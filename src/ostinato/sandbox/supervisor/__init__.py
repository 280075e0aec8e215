"""The trusted process between us and a stranger's program: one for each run.

It starts as ``python -I -S`` and must be up within milliseconds: these files import little of the
standard library and nothing of the rest of the package. Only one thread lives in it, so that it
may fork; it dies with its caller, and the stranger's whole tree of processes dies before it.
"""
