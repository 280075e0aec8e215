"""Original attacks on the sandbox and on the grading that leans on it.

Each is a small program with an oracle on the trusted side: whether it succeeded is read off the
outside world (a canary, a listener, a sentinel process, the list of processes, what the run brought
back), never taken from what the program says. Where an oracle cannot see far enough, a program's
confession is believed and its denial is not. Each has a control: without a sandbox it must succeed
by the same oracle, so that a test that passes says something.
"""

from attacks.noun import ABSENT, Attack, Category, Need, Run

__all__ = ["ABSENT", "Attack", "Category", "Need", "Run"]
