import unittest

from order import order, stages
from plan import assign, length
from tasks import Project, ProjectError


class SchedulerTest(unittest.TestCase):
    def setUp(self):
        self.project = Project().add("dig", 2).add("lay", 3, ["dig"])

    def test_order(self):
        self.assertEqual(order(self.project), ["dig", "lay"])

    def test_stages(self):
        self.assertEqual(stages(self.project), [["dig"], ["lay"]])

    def test_length(self):
        self.assertEqual(length(self.project), 5)

    def test_one_worker(self):
        self.assertEqual(assign(self.project, 1), [[(0, 2, "dig"), (2, 5, "lay")]])

    def test_no_second_task_of_a_name(self):
        with self.assertRaises(ProjectError):
            self.project.add("dig", 1)


if __name__ == "__main__":
    unittest.main()
