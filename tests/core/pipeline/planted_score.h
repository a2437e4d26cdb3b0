#pragma once

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/attribution/verdict.h"
#include "core/pipeline/hypothesis.h"
#include "tests/core/pipeline/planted_cases.h"

/// What verdicts on planted campaigns are worth.
namespace parallax::pipeline::testing {

/// A shift whose whitened effect on the readings is below this many sds cannot be seen, nor can a
/// clock that changes no reading by so many of its noise.
inline constexpr double kSeenSd = 3.0;
inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// What the analysis said of a case and what that is worth.
struct Answer {
  absl::Status status;
  attribution::Verdict verdict;
  std::vector<HypothesisSummary> hypotheses;  ///< the most probable first
  double effect_sd = kNotMeasured;            ///< of the weakest planted shift, or of a clock
  double seconds = 0.0;
  double points = 0.0;
  bool claim_right = false;  ///< what the verdict says is true, whatever else is
  bool wrongly_identified = false;
};

/// k0 and nk are one mechanism: one name for both.
std::string Pooled(const std::string& name);

/// The most probable hypothesis, members of one mechanism together; "-" where there is none.
std::string MostProbable(const std::vector<HypothesisSummary>& hypotheses);

/// Fills `points`, `claim_right` and `wrongly_identified`. IDENTIFIED with the planted parameters
/// is worth a point, with one of two half, and so is AMBIGUOUS with the one among at most three; a
/// fault named by its channel (a clock by its device), a missing mechanism and nothing are worth a
/// point by the verdict that is meant for them. NO_GAP is true where nothing that can be seen was
/// planted.
void Score(const PlantedCase& one, Answer* answer);

/// Whether readings move by what was planted.
bool Seen(const Answer& answer);

/// Mean distance between confidence and share of right claims over five bins of confidence.
/// ABSTAINED claims nothing and is left out. NaN without a claim.
double CalibrationError(const std::vector<Answer>& answers);

/// Verdicts by family, then the figures that are asked for. Returns how many cases failed.
int PrintScore(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers);

}  // namespace parallax::pipeline::testing
