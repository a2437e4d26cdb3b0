"""Plants own names of files beside a header's and expects those to be named that hide one."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_names  # noqa: E402
from planted_tree import PlantedTree  # noqa: E402

HEADER = """#pragma once
namespace parallax::twin {
inline constexpr int kDraws = 100;  ///< of the posterior
struct Later;
struct Drift {
  int kInside = 1;
};
using Names = std::vector<std::string>;
[[nodiscard]] absl::StatusOr<std::vector<double>> Shares(const Drift& drift,
                                                         int draws);
template <typename Value>
Value Largest(const std::vector<Value>& values);
template <int n> double Norm(double x);
enum class Kind { kOne };
}  // namespace parallax::twin
"""


class Names(PlantedTree):
    def setUp(self):
        super().setUp()
        self.plant("core/twin/a.h", HEADER)

    def hidden(self, line, namespace="parallax::twin"):
        """How many names of the header an anonymous namespace with this line hides."""
        self.plant("core/twin/b.cc", f"namespace {namespace} {{\nnamespace {{\n{line}\n"
                                     f"}}  // namespace\n}}  // namespace {namespace}\n")
        return len(list(check_names.check_names(self.folder.name)))

    def test_every_kind_of_declaration_is_found(self):
        for line in ("constexpr int kDraws = 32;", "const std::map<int, double> kDraws{{1, 2.0}};",
                     "double kDraws[3] = {};", "struct Drift {", "class Drift : public Other {", "using Names = int;",
                     "using other::Names;", "std::vector<double> Shares(int draws) {", "const double* Norm(double x) {",
                     "template <typename Value>\nValue Largest(Value a) {", "template <class T> T Largest(T a) {",
                     "enum class Kind {", "struct Later {};", "[[maybe_unused]] int Shares() {", "void Kind() {"):
            self.assertEqual(self.hidden(line), 1, line)

    def test_a_header_is_hidden_from_within_its_namespace_only(self):
        self.assertEqual(self.hidden("int kDraws = 1;", "parallax::twin::swcnt"), 1)
        self.assertEqual(self.hidden("int kDraws = 1;", "parallax::store"), 0)

    def test_members_and_uses_hide_nothing(self):
        for line in ("int kInside = 2;", "int kOther = kDraws;", "  int kDraws = 1;",
                     "int Count(const Drift& drift) {", "// int kDraws = 1;", "TEST(Drift, Shares) {",
                     "using enum Kind;", "using namespace Names;"):
            self.assertEqual(self.hidden(line), 0, line)

    def test_a_test_s_header_is_hidden_from_tests_only(self):
        self.plant("tests/core/twin/a.h", HEADER.replace("kDraws", "kRuns"))
        self.assertEqual(self.hidden("int kRuns = 1;"), 0)
        self.plant("tests/core/twin/a_test.cc",
                   "namespace parallax::twin {\nnamespace {\nint kRuns = 1;\nint kDraws = 2;\n")
        self.assertEqual(len(list(check_names.check_names(self.folder.name))), 2)

    def test_what_is_not_a_file_s_own_may_define_what_its_header_declares(self):
        self.plant("core/twin/b.cc", "namespace parallax::twin {\nnamespace {\nint Own() {\n}\n}  // namespace\n"
                                     "std::vector<double> Shares(const Drift& drift, int draws) {\n"
                                     "}\n}  // namespace parallax::twin\n")
        self.assertEqual(list(check_names.check_names(self.folder.name)), [])


if __name__ == "__main__":
    unittest.main()
