"""What comes before what."""

from tasks import ProjectError


def order(project):
    """All names, each after what it needs; the alphabetically first where there is a choice."""
    done = []
    waiting = project.names()
    while waiting:
        ready = [name for name in waiting if all(n in done for n in project.needs(name))]
        if not ready:
            raise ProjectError("the tasks need each other in a circle")
        done.append(ready[0])
        waiting.remove(ready[0])
    return done


def stages(project):
    """Rounds of names: each task stands in the first round after all that it needs."""
    number = {}
    for name in order(project):
        number[name] = 1 + max((number[n] for n in project.needs(name)), default=-1)
    rounds = [[] for _ in range(max(number.values(), default=-1) + 1)]
    for name in sorted(number):
        rounds[number[name]].append(name)
    return rounds


def all_needs(project, name):
    """Everything that must be done before a task, directly or not, sorted."""
    found = set()
    waiting = project.needs(name)
    while waiting:
        needed = waiting.pop()
        if needed not in found:
            found.add(needed)
            waiting.extend(project.needs(needed))
    return sorted(found)
