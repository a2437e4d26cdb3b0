#pragma once

#include <cstdio>
#include <string>

namespace parallax::benchmarks {

/// A figure beside what is asked of it.
struct GoalRow {
  std::string what;
  std::string figure;
  std::string goal;
  std::string reference;  ///< what was measured in the same run beside it; empty: nothing is asked
  bool held = false;      ///< whether the figure is what the goal asks
};

/// Prints a row of the table that how_fast.sh gathers.
inline void PrintRow(const GoalRow& row) {
  std::printf("| %s | %s | %s | %s | %s |\n", row.what.c_str(), row.figure.c_str(),
              row.goal.c_str(), row.reference.c_str(), row.held ? "held" : "MISSED");
  std::fflush(stdout);
}

}  // namespace parallax::benchmarks
