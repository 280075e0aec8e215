"""Round trips."""

from search import distances


def tour_length(network, tour, closed=True):
    """The length of visiting places in order, and back to the first if closed; None if a place
    cannot be reached.
    """
    total = 0
    stops = list(tour)
    if closed and stops:
        stops.append(stops[0])
    for start, end in zip(stops, stops[1:]):
        far, _ = distances(network, start)
        if end not in far:
            return None
        total += far[end]
    return total


def nearest_tour(network, start):
    """All places that can be reached, always the nearest next."""
    tour = [start]
    while True:
        far, _ = distances(network, tour[-1])
        left = [place for place in far if place not in tour]
        if not left:
            return tour
        tour.append(min(left, key=lambda place: (far[place], place)))


def improve(network, tour):
    """A closed tour, made shorter by reversing parts (the first place stays) until none helps."""
    best = list(tour)
    length = tour_length(network, best)
    better = True
    while better:
        better = False
        for low in range(1, len(best) - 1):
            for high in range(low + 1, len(best)):
                other = best[:low] + best[low : high + 1][::-1] + best[high + 1 :]
                if tour_length(network, other) < length:
                    best, length = other, tour_length(network, other)
                    better = True
    return best
