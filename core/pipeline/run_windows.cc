#include "core/pipeline/run_windows.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace parallax::pipeline {
namespace {

constexpr double kShortestS = 30.0;

/// A phase by its name and how many of that name came before it.
using PhaseKey = std::pair<std::string, int>;

struct Stretch {
  double start_s = 0.0, end_s = 0.0;
};

/// Segments of one name that follow each other (feed steps half-way) are one phase.
std::vector<std::pair<PhaseKey, Stretch>> PhasesOf(const signal::Recipe& recipe) {
  std::map<std::string, int> seen;
  std::vector<std::pair<PhaseKey, Stretch>> phases;
  for (const signal::Segment& segment : recipe.segments) {
    if (!phases.empty() && phases.back().first.first == segment.name) {
      phases.back().second.end_s = segment.end_s;
      continue;
    }
    phases.push_back({{segment.name, seen[segment.name]++}, {segment.start_s, segment.end_s}});
  }
  return phases;
}

std::optional<Stretch> FindPhase(const signal::Recipe& recipe, const PhaseKey& key) {
  for (const auto& [name, stretch] : PhasesOf(recipe)) {
    if (name == key) return stretch;
  }
  return std::nullopt;
}

/// Rows of a run within a phase: [first, last).
std::pair<Eigen::Index, Eigen::Index> RowsWithin(const Eigen::VectorXd& time_s,
                                                 const Stretch& stretch) {
  const auto first = std::lower_bound(time_s.begin(), time_s.end(), stretch.start_s);
  const auto last = std::lower_bound(first, time_s.end(), stretch.end_s);
  return {first - time_s.begin(), last - time_s.begin()};
}

/// Mean spacing of a run's rows within a phase; the whole phase where it has one row.
double Spacing(const Eigen::VectorXd& time_s, const Stretch& stretch) {
  const auto [first, last] = RowsWithin(time_s, stretch);
  if (last - first < 2) return stretch.end_s - stretch.start_s;
  return (time_s(last - 1) - time_s(first)) / static_cast<double>(last - first - 1);
}

}  // namespace

CommonWindows CutWindows(const std::vector<RunCourse>& runs) {
  CommonWindows out;
  for (const RunCourse& run : runs) {
    out.window_of.emplace_back(static_cast<size_t>(run.time_s.size()), -1);
  }
  if (runs.empty()) return out;
  for (const auto& [key, of_first] : PhasesOf(*runs.front().recipe)) {
    std::vector<Stretch> stretches;
    double width_s = kShortestS;
    for (const RunCourse& run : runs) {
      const std::optional<Stretch> found = FindPhase(*run.recipe, key);
      if (!found) break;
      stretches.push_back(*found);
      width_s = std::max(width_s, Spacing(run.time_s, *found));
    }
    if (stretches.size() < runs.size()) continue;
    // Rows by window, of every run; a window counts where no run is missing.
    std::map<int, std::map<size_t, std::vector<size_t>>> rows;
    for (size_t r = 0; r < runs.size(); ++r) {
      const auto [first, last] = RowsWithin(runs[r].time_s, stretches[r]);
      for (Eigen::Index i = first; i < last; ++i) {
        const double after_s = runs[r].time_s(i) - stretches[r].start_s;
        rows[static_cast<int>(after_s / width_s)][r].push_back(static_cast<size_t>(i));
      }
    }
    for (const auto& [window, by_run] : rows) {
      if (by_run.size() < runs.size()) continue;
      const auto place = static_cast<int>(out.places.size());
      out.places.push_back({key.first, window * width_s, (window + 1) * width_s});
      for (const auto& [run, which] : by_run) {
        for (const size_t row : which) out.window_of[run][row] = place;
      }
    }
  }
  return out;
}

}  // namespace parallax::pipeline
