"""When to do what."""

from order import order


def earliest(project):
    """The earliest start of each task, with as many workers as you like."""
    start = {}
    for name in order(project):
        start[name] = max((start[n] + project.hours(n) for n in project.needs(name)), default=0)
    return start


def length(project):
    """Hours until everything is done, with as many workers as you like."""
    start = earliest(project)
    return max((start[name] + project.hours(name) for name in start), default=0)


def latest(project):
    """The latest start of each task that does not delay the end."""
    end = length(project)
    start = {}
    for name in reversed(order(project)):
        limit = min((start[f] for f in project.followers(name)), default=end)
        start[name] = limit - project.hours(name)
    return start


def slack(project):
    """By how many hours each task can be late without delaying the end."""
    first, last = earliest(project), latest(project)
    return {name: last[name] - first[name] for name in first}


def critical(project):
    """The tasks without slack, by start, then by name."""
    spare, start = slack(project), earliest(project)
    return sorted((name for name in spare if spare[name] == 0), key=lambda n: (start[n], n))


def assign(project, workers):
    """For each worker, a list of ``(start, end, name)``."""
    if workers < 1:
        raise ValueError("expected at least one worker")
    plans = [[] for _ in range(workers)]
    end = {}
    for name in order(project):
        ready = max((end[n] for n in project.needs(name)), default=0)
        free = [plan[-1][1] if plan else 0 for plan in plans]
        starts = [max(ready, time) for time in free]
        chosen = starts.index(min(starts))
        end[name] = starts[chosen] + project.hours(name)
        plans[chosen].append((starts[chosen], end[name], name))
    return plans
