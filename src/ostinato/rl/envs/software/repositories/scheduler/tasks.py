"""A project and its tasks."""


class ProjectError(Exception):
    """The project makes no sense."""


class Project:
    """Tasks by name."""

    def __init__(self):
        self._tasks = {}

    def add(self, name, hours, needs=()):
        """Add a task of at least one hour; what it needs may be added later."""
        if hours < 1:
            raise ProjectError("expected at least one hour")
        if name in self._tasks:
            raise ProjectError(f"there is already a task {name}")
        self._tasks[name] = (hours, tuple(needs))
        return self

    def names(self):
        """All names, sorted."""
        return sorted(self._tasks)

    def hours(self, name):
        """How long a task takes."""
        return self._tasks[name][0]

    def needs(self, name):
        """What must be done before it."""
        for needed in self._tasks[name][1]:
            if needed not in self._tasks:
                raise ProjectError(f"{name} needs the unknown {needed}")
        return list(self._tasks[name][1])

    def followers(self, name):
        """The tasks that need this one directly, sorted."""
        return sorted(other for other in self._tasks if name in self._tasks[other][1])

    def total(self):
        """Hours of all tasks together."""
        return sum(hours for hours, _ in self._tasks.values())
