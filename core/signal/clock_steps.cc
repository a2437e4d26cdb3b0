#include "core/signal/clock_steps.h"

#include <algorithm>
#include <cmath>

#include "core/signal/recipe_match.h"

namespace parallax::signal {
namespace {

constexpr size_t kLeastWindow = 8;          // rows on either side that must agree on a shift
constexpr double kLastingShare = 0.7;       // of a step must remain as a shift of the window
constexpr double kStrongContinuity = 10.0;  // log-likelihood ratio that decides alone
constexpr double kLeastPeriods = 2.5;       // least step, in periods of the device
constexpr size_t kTrendRows = 12;           // rows of a local line on either side of a step

/// Median shift of rows [begin, end) against a uniform grid through row `origin`.
double MedianShift(const std::vector<double>& time_s, double period_s, size_t origin, size_t begin,
                   size_t end) {
  std::vector<double> shifts;
  for (size_t i = begin; i < end; ++i) {
    const double rows = static_cast<double>(i) - static_cast<double>(origin);
    shifts.push_back(time_s[i] - time_s[origin] - rows * period_s);
  }
  return Median(std::move(shifts));
}

/// Whether the stamps around the step from row i to i + 1 stay shifted by it. The window reaches
/// well beyond a block of rows that was delivered late.
bool Lasts(const std::vector<double>& time_s, double period_s, size_t i, double size_s) {
  const double block = size_s < 0.0 ? -size_s / period_s : 0.0;
  const size_t after = std::max(kLeastWindow, static_cast<size_t>(3.0 * block));
  const size_t begin = i + 1 > kLeastWindow ? i + 1 - kLeastWindow : 0;
  const size_t end = std::min(time_s.size(), i + 1 + after);
  if (end - (i + 1) < 3 && size_s < 0.0) return false;
  // One row ahead of all others has a wrong stamp: they did not go back because of it.
  if (i == 0 && std::all_of(time_s.begin() + 1, time_s.end(),
                            [&](double later_s) { return later_s < time_s[0]; })) {
    return false;
  }
  const double shift =
      MedianShift(time_s, period_s, i, i + 1, end) - MedianShift(time_s, period_s, i, begin, i + 1);
  return shift / size_s >= kLastingShare && shift / size_s <= 2.0 - kLastingShare;
}

struct Line {
  double value = 0.0;  // at the step's edge
  double slope = 0.0;
  double variance = 0.0;  // of one sample about it
  size_t rows = 0;
};

enum class Side { kBefore, kAfter };

/// Least-squares line through up to kTrendRows samples nearest to `edge_s` on one side of it.
Line FitSide(const CleanSeries& series, double edge_s, Side side) {
  std::vector<std::pair<double, double>> rows;
  for (size_t i = 0; i < series.time_s.size(); ++i) {
    const double dt = series.time_s[i] - edge_s;
    if (series.quality[i].level != QualityLevel::kGood) continue;
    if (side == Side::kBefore ? dt <= 0.0 : dt >= 0.0) rows.emplace_back(dt, series.value_si[i]);
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return std::abs(a.first) < std::abs(b.first); });
  rows.resize(std::min(rows.size(), kTrendRows));
  Line line;
  line.rows = rows.size();
  if (line.rows < 4) return line;
  const auto n = static_cast<double>(rows.size());
  double st = 0, sx = 0, stt = 0, stx = 0;
  for (const auto& [t, x] : rows) st += t, sx += x, stt += t * t, stx += t * x;
  const double spread = stt - st * st / n;
  line.slope = spread > 0.0 ? (stx - st * sx / n) / spread : 0.0;
  line.value = (sx - line.slope * st) / n;
  for (const auto& [t, x] : rows) {
    const double residual = x - line.value - line.slope * t;
    line.variance += residual * residual / (n - 2.0);
  }
  return line;
}

/// Log-likelihood ratio that a signal runs on over one period against over the whole step. The
/// lines on either side must meet: at once if the clock jumped, in the middle if rows are missing.
double Continuity(const CleanSeries& series, const ClockStep& step, double period_s) {
  const Line left = FitSide(series, step.before_s, Side::kBefore);
  const Line right = FitSide(series, step.after_s, Side::kAfter);
  if (left.rows < 4 || right.rows < 4) return 0.0;
  const double floor = std::max(series.resolution_si, 0.5 * series.noise_sd_si);
  const double noise = std::max({left.variance, right.variance, floor * floor});
  // A real signal bends: over a gap the mean of both slopes is wrong by a share of their change.
  const double gap_s = step.after_s - step.before_s;
  const double bend = 0.25 * (right.slope - left.slope) * gap_s;
  const double rise = right.value - left.value;
  const double mean_slope = 0.5 * (left.slope + right.slope);
  const double unbroken = rise - mean_slope * period_s;
  const double missing = rise - mean_slope * gap_s;
  const double missing_variance = noise + bend * bend;
  return 0.5 * (missing * missing / missing_variance - unbroken * unbroken / noise);
}

}  // namespace

std::vector<ClockStep> FindClockSteps(const std::vector<double>& time_s, double period_s,
                                      double least_s) {
  std::vector<ClockStep> steps;
  if (period_s <= 0.0) return steps;
  // A row sent twice is no step, and would look like a clock that lost a period.
  std::vector<double> stamps = time_s;
  stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
  for (size_t i = 0; i + 1 < stamps.size(); ++i) {
    const double size_s = stamps[i + 1] - stamps[i] - period_s;
    // Of a few periods, a forward step cannot be told from rows that are missing.
    const double bound_s = std::max(least_s, kLeastPeriods * period_s);
    if (std::abs(size_s) < bound_s || !Lasts(stamps, period_s, i, size_s)) continue;
    steps.push_back({stamps[i], stamps[i + 1], size_s});
  }
  return steps;
}

StepEvidence WeighClockStep(const Recipe& recipe, const std::vector<ChannelTrack*>& device,
                            const ClockStep& step, double period_s) {
  StepEvidence evidence;
  const double tolerance_s = std::min(std::max(2.0, 1.5 * period_s + 0.5), step.size_s / 3.0);
  double last_s = step.after_s;
  for (const ChannelTrack* track : device) {
    for (const double time_s : track->series.time_s) last_s = std::max(last_s, time_s);
    if (track->channel->role == Role::kMeasured) {
      evidence.continuity += std::clamp(Continuity(track->series, step, period_s), -20.0, 20.0);
      continue;
    }
    const ChangeVotes votes = VoteOnStep(recipe, *track, step, tolerance_s);
    evidence.recipe_changes_shifted += votes.shifted;
    evidence.recipe_changes_on_time += votes.on_time;
  }
  if (!recipe.segments.empty()) {
    const double overrun_s = last_s - recipe.segments.back().end_s;
    const double slack_s = std::min(std::max(3.0, 2.5 * period_s), step.size_s / 2.0);
    evidence.end_shifted = std::abs(overrun_s - step.size_s) < slack_s ? 1 : 0;
    evidence.end_on_time = std::abs(overrun_s) < slack_s ? 1 : 0;
  }
  return evidence;
}

bool ClockJumped(const ClockStep& step, const StepEvidence& evidence) {
  if (step.size_s < 0.0) return true;
  if (evidence.recipe_changes_shifted != evidence.recipe_changes_on_time) {
    return evidence.recipe_changes_shifted > evidence.recipe_changes_on_time;
  }
  if (evidence.end_shifted != evidence.end_on_time) return evidence.end_shifted == 1;
  return evidence.continuity > kStrongContinuity;
}

}  // namespace parallax::signal
