import unittest

from orders import allocate, boxes, price
from report import reorder, table
from stock import Stock, StockError


class StockTest(unittest.TestCase):
    def test_receive_and_ship(self):
        stock = Stock()
        self.assertEqual(stock.receive("M8", 12), 12)
        stock.reserve("M8", 2)
        self.assertEqual(stock.ship("M8", 2), 10)

    def test_no_shipping_without_reservation(self):
        stock = Stock()
        stock.receive("M8", 1)
        with self.assertRaises(StockError):
            stock.ship("M8", 1)


class OfficeTest(unittest.TestCase):
    def test_allocate_everything(self):
        stock = Stock()
        stock.receive("M8", 4)
        self.assertEqual(allocate(stock, {"M8": 3}), ({"M8": 3}, {}))

    def test_price_without_discount(self):
        self.assertEqual(price({"M8": 3}, {"M8": 7}), 21)

    def test_one_box(self):
        self.assertEqual(boxes({"M8": 3}, 10), [{"M8": 3}])

    def test_nothing_to_buy(self):
        stock = Stock()
        stock.receive("M8", 9)
        self.assertEqual(reorder(stock, {"M8": 5}), {})

    def test_table(self):
        self.assertEqual(table({"M8": 3}), ["M8  3"])


if __name__ == "__main__":
    unittest.main()
