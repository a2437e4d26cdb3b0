#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/attribution/verdict.h"

/// Choosing the bounds of verdicts on campaigns whose cause is known, and judging others by them.
namespace parallax::pipeline::testing {

/// What a verdict on a campaign is worth.
struct Grade {
  double points = 0.0;  ///< in [0, 1]
  bool wrong = false;   ///< IDENTIFIED with what was not planted
};

/// A campaign that was weighed once, and what verdicts on it are worth.
struct GradedCampaign {
  std::string id;
  attribution::Evidence evidence;
  std::function<Grade(const attribution::Verdict&)> grade;
};

/// One bound that may be chosen, and the values it may take, ascending, about as many below today's
/// as above.
struct Knob {
  std::string name;
  double attribution::VerdictThresholds::*bound;
  std::vector<double> grid;
};

/// The handful of bounds that decide most: inclusion, nats lost without a cause (alone and in a
/// group), nats that no gap may gain, probabilities of a fault and of a missing term, width of a
/// shift, misfit on fitted and on held-out runs.
std::vector<Knob> DecisiveKnobs();

/// Points of all campaigns under some bounds, less one for each that is wrongly IDENTIFIED.
double Worth(const std::vector<const GradedCampaign*>& campaigns,
             const attribution::VerdictThresholds& bounds);

/// Coordinate ascent over the knobs from `start`: each in turn is set to the middle of the widest
/// stretch of grid values (the lower of two middles, the first of equal stretches) on which worth
/// is greatest with the others where they are; over and over until nothing moves, at most five
/// rounds. A knob that the campaigns do not constrain goes to the middle of its grid.
attribution::VerdictThresholds ChooseBounds(const std::vector<const GradedCampaign*>& campaigns,
                                            const std::vector<Knob>& knobs,
                                            attribution::VerdictThresholds start);

/// A campaign judged by bounds that it had no part in.
struct LeftOut {
  std::string id;
  attribution::Verdict plain, left_out;  ///< by today's bounds, and by those of the others
  Grade plain_grade, left_out_grade;
  std::vector<std::string> moved;  ///< "pip 0.95 -> 0.97"
};

/// For each campaign: bounds chosen on all others, and the verdict by them.
std::vector<LeftOut> LeaveOneOut(const std::vector<GradedCampaign>& campaigns,
                                 const std::vector<Knob>& knobs);

}  // namespace parallax::pipeline::testing
