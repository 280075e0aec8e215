"""Ways through a network."""

from heap import Heap


def distances(network, start):
    """The distance of every place that can be reached, and the place before it on the way."""
    far = {start: (0, 0)}
    before = {start: None}
    heap = Heap()
    heap.push((0, 0), start)
    done = set()
    while len(heap):
        (length, roads), place = heap.pop()
        if place in done:
            continue
        done.add(place)
        for end, more in network.neighbours(place):
            reached = (length + more, roads + 1)
            if end not in far or reached < far[end]:
                far[end] = reached
                before[end] = place
                heap.push(reached, end)
    return {place: far[place][0] for place in far}, before


def shortest(network, start, end):
    """``(length, [places])`` of a shortest path; None if there is none."""
    far, before = distances(network, start)
    if end not in far:
        return None
    path = [end]
    while path[-1] != start:
        path.append(before[path[-1]])
    path.reverse()
    return far[end], path


def reach(network, start, limit):
    """The places at a distance of at most ``limit``, nearest first, then by name; not the start."""
    far, _ = distances(network, start)
    near = [place for place in far if far[place] <= limit and place != start]
    return sorted(near, key=lambda place: (far[place], place))


def components(network):
    """Groups of places that are connected, each sorted, the largest first, then by name."""
    groups = []
    seen = set()
    for place in network.places():
        if place not in seen:
            group = sorted(distances(network, place)[0])
            seen.update(group)
            groups.append(group)
    return sorted(groups, key=lambda group: (-len(group), group))
