"""Plants members without a lock, other mutexes and missing flags, and expects each to be named."""

import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_locks  # noqa: E402

CLASS = """class Queue {
 public:
  void Push(int value);

 private:
  int constant_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<int> values_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  const int capacity_ = 3;
  std::atomic<int> calls_{0};
  std::vector<std::thread> threads_;
  std::unique_ptr<Worker> worker_;  ///< of the constructor and the destructor
%s};

struct Other {
  int free_;
};
"""


class PlantedMembers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.makedirs(os.path.join(self.folder.name, "server"))

    def violations(self, text):
        with open(os.path.join(self.folder.name, "server", "queue.h"), "w", encoding="utf-8") as file:
            file.write(text)
        return list(check_locks.check_members(self.folder.name))

    def test_a_class_that_says_its_locks_passes(self):
        self.assertEqual(self.violations(CLASS % ""), [])

    def test_a_member_without_a_lock_is_named(self):
        for line in ("int lost_;", "std::map<int, std::string> lost_;", "bool lost_ = false;", "Thing* lost_ = nullptr;",
                     "std::unique_ptr<Thing> lost_{nullptr};"):
            with self.subTest(line):
                found = self.violations(CLASS % f"  {line}\n")
                self.assertEqual(len(found), 1, found)
                self.assertIn("lost_", found[0])

    def test_a_mutex_that_the_analysis_does_not_know_is_named(self):
        self.assertEqual(len(self.violations("struct A {\n  std::mutex mutex_;\n};\n")), 1)


class PlantedFlags(unittest.TestCase):
    def violations(self, command):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([{"file": "/src/server/a.cc", "command": command}], file)
            file.flush()
            return list(check_locks.check_flags("/src", file.name))

    def test_both_flags_are_needed(self):
        self.assertEqual(self.violations("clang++ -Werror -Wthread-safety -c a.cc"), [])
        self.assertEqual(len(self.violations("clang++ -Wthread-safety -c a.cc")), 1)
        self.assertEqual(len(self.violations("clang++ -Werror -c a.cc")), 1)

    def test_a_list_without_a_command_of_ours_is_none(self):
        self.assertEqual(len(self.violations("clang++ -c proto/gen/a.pb.cc")), 1)


if __name__ == "__main__":
    unittest.main()
