import unittest

from heap import Heap
from network import Network
from search import reach, shortest
from tour import nearest_tour, tour_length


class RoutesTest(unittest.TestCase):
    def setUp(self):
        self.network = Network().road("mill", "inn", 4).road("inn", "ford", 5)

    def test_neighbours(self):
        self.assertEqual(self.network.neighbours("mill"), [("inn", 4)])

    def test_shortest(self):
        self.assertEqual(shortest(self.network, "mill", "ford"), (9, ["mill", "inn", "ford"]))

    def test_reach(self):
        self.assertEqual(reach(self.network, "mill", 100), ["inn", "ford"])

    def test_tour(self):
        self.assertEqual(nearest_tour(self.network, "mill"), ["mill", "inn", "ford"])
        self.assertEqual(tour_length(self.network, ["mill", "inn"]), 8)

    def test_heap(self):
        heap = Heap()
        heap.push(2, "late")
        heap.push(1, "early")
        self.assertEqual(heap.drain(), ["early", "late"])


if __name__ == "__main__":
    unittest.main()
