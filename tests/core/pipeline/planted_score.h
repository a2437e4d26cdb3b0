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
/// clock or a lag that changes no reading by so many of its noise.
inline constexpr double kSeenSd = 3.0;
inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
/// Of confidence, as in tests/e2e/scoreboard.
inline constexpr int kConfidenceBins = 10;

/// What the analysis said of a case and what that is worth.
struct Answer {
  absl::Status status;
  attribution::Verdict verdict;
  std::vector<HypothesisSummary> hypotheses;  ///< the most probable first
  double effect_sd = kNotMeasured;            ///< of the weakest planted shift, of a clock or lag
  double seconds = 0.0;
  double points = 0.0;
  int innocents_accused = 0;  ///< channels that a SENSOR_FAULT names and that do not lie
  bool claim_right = false;   ///< what the verdict says is true, whatever else is
  bool wrongly_identified = false;
};

/// k0 and nk are one mechanism: one name for both.
std::string Pooled(const std::string& name);

/// The most probable hypothesis, members of one mechanism together; "-" where there is none.
std::string MostProbable(const std::vector<HypothesisSummary>& hypotheses);

/// Fills what an answer is worth. IDENTIFIED with the planted parameters is worth a point, with one
/// of two half, and so is AMBIGUOUS with the one among at most three; a fault named by its channel
/// (a clock by its device) and no other instrument's is worth a point, with an innocent channel
/// beside it half; a missing mechanism and nothing are worth a point by the verdict that is meant
/// for them. NO_GAP is true where nothing that can be seen was planted.
void Score(const PlantedCase& one, Answer* answer);

/// Whether readings move by what was planted.
bool Seen(const Answer& answer);

/// Mean distance between confidence and points over equal bins of confidence, by the definition of
/// tests/e2e/scoreboard: what is worth half counts as half right. A NO_GAP where nothing can be
/// seen is right, though it is worth no point. ABSTAINED claims nothing and is left out. NaN
/// without a claim.
double CalibrationError(const std::vector<Answer>& answers);

/// Verdicts by family and by shape of fault, then the figures that are asked for. Returns how many
/// cases failed.
int PrintScore(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers);

}  // namespace parallax::pipeline::testing
