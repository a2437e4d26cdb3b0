#include "tests/core/pipeline/threshold_choice.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace parallax::pipeline::testing {
namespace {

using attribution::VerdictThresholds;

constexpr int kMostRounds = 5;

/// Position of the middle of the widest stretch of greatest worth.
size_t MiddleOfBest(const std::vector<double>& worth) {
  const double best = *std::max_element(worth.begin(), worth.end());
  size_t begin = 0, width = 0;
  for (size_t i = 0; i < worth.size(); ++i) {
    size_t end = i;
    while (end < worth.size() && worth[end] == best) ++end;
    if (end - i > width) {
      begin = i;
      width = end - i;
    }
    i = std::max(i, end);
  }
  return begin + (width - 1) / 2;
}

std::vector<std::string> Moved(const std::vector<Knob>& knobs, const VerdictThresholds& from,
                               const VerdictThresholds& to) {
  std::vector<std::string> moved;
  for (const Knob& knob : knobs) {
    if (from.*knob.bound == to.*knob.bound) continue;
    moved.push_back(absl::StrFormat("%s %g -> %g", knob.name, from.*knob.bound, to.*knob.bound));
  }
  return moved;
}

}  // namespace

std::vector<Knob> DecisiveKnobs() {
  using T = VerdictThresholds;
  const std::vector<double> probability = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99};
  const std::vector<double> misfit = {1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0, 5.0};
  return {{"pip", &T::pip, {0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995}},
          {"loss_nats", &T::loss_nats, {2, 3, 4, 5, 6, 7, 8, 9, 10}},
          {"loss_nats_clustered", &T::loss_nats_clustered, {6, 7, 8, 9, 10, 12, 14, 17, 20}},
          {"no_gap_nats", &T::no_gap_nats, {3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8}},
          {"sensor_probability", &T::sensor_probability, probability},
          {"unmodelled_probability", &T::unmodelled_probability, probability},
          {"wide_shift_sd", &T::wide_shift_sd, {3.5, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0, 5.25, 5.5}},
          {"calibrate_mean_z2", &T::calibrate_mean_z2, misfit},
          {"validate_mean_z2", &T::validate_mean_z2, misfit}};
}

double Worth(const std::vector<const GradedCampaign*>& campaigns, const VerdictThresholds& bounds) {
  double worth = 0.0;
  for (const GradedCampaign* one : campaigns) {
    const Grade grade = one->grade(attribution::DecideVerdict(one->evidence, bounds).verdict);
    worth += grade.points - (grade.wrong ? 1.0 : 0.0);
  }
  return worth;
}

VerdictThresholds ChooseBounds(const std::vector<const GradedCampaign*>& campaigns,
                               const std::vector<Knob>& knobs, VerdictThresholds start) {
  VerdictThresholds bounds = start;
  for (int round = 0; round < kMostRounds; ++round) {
    bool settled = true;
    for (const Knob& knob : knobs) {
      const double before = bounds.*knob.bound;
      std::vector<double> worth;
      for (const double value : knob.grid) {
        bounds.*knob.bound = value;
        worth.push_back(Worth(campaigns, bounds));
      }
      bounds.*knob.bound = knob.grid[MiddleOfBest(worth)];
      settled &= bounds.*knob.bound == before;
    }
    if (settled) break;
  }
  return bounds;
}

std::vector<LeftOut> LeaveOneOut(const std::vector<GradedCampaign>& campaigns,
                                 const std::vector<Knob>& knobs) {
  const VerdictThresholds today;
  std::vector<LeftOut> out;
  for (const GradedCampaign& one : campaigns) {
    std::vector<const GradedCampaign*> others;
    for (const GradedCampaign& other : campaigns) {
      if (&other != &one) others.push_back(&other);
    }
    const VerdictThresholds chosen = ChooseBounds(others, knobs, today);
    LeftOut result{.id = one.id,
                   .plain = attribution::DecideVerdict(one.evidence, today).verdict,
                   .left_out = attribution::DecideVerdict(one.evidence, chosen).verdict,
                   .moved = Moved(knobs, today, chosen)};
    result.plain_grade = one.grade(result.plain);
    result.left_out_grade = one.grade(result.left_out);
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace parallax::pipeline::testing
