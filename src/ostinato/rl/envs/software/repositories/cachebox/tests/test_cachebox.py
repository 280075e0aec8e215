import unittest

from cache import Cache
from clock import ManualClock
from stats import Stats


class CacheTest(unittest.TestCase):
    def test_put_and_get(self):
        cache = Cache(3)
        cache.put("k", 10)
        self.assertEqual(cache.get("k"), 10)
        self.assertIsNone(cache.get("other"))

    def test_eviction(self):
        cache = Cache(1)
        cache.put("k", 1)
        cache.put("l", 2)
        self.assertEqual(cache.keys(), ["l"])

    def test_stale(self):
        clock = ManualClock()
        cache = Cache(2, 10, clock)
        cache.put("k", 1)
        clock.advance(30)
        self.assertIsNone(cache.peek("k"))


class StatsTest(unittest.TestCase):
    def test_percent(self):
        stats = Stats()
        stats.record(True)
        self.assertEqual(stats.percent(), 100)


if __name__ == "__main__":
    unittest.main()
