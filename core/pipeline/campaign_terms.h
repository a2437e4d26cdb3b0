#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/hypothesis.h"

namespace parallax::pipeline {

/// One hypothesis about a gap. A parameter acts through the twin; the others add columns to the
/// prediction whose weights have standard normal priors.
struct Term {
  TermKind kind = TermKind::kParameter;
  int parameter = -1;   ///< kParameter: of the twin
  std::string channel;  ///< kSensor: who is accused; kMissing: where it shows
  std::string fault;    ///< in words: "drift from run to run"; kMissing: of which form, or empty
  double log_prior_odds = 0.0;
  Eigen::MatrixXd columns;  ///< whitened, rows × m; empty for a parameter
  LowRankWhitener whitener{Eigen::MatrixXd(0, 0)};
};

/// All hypotheses that are weighed: every parameter that moves something; for every instrument an
/// offset, a gain, a drift from run to run, a drift within each run, a random walk and steps from
/// run to run; for every observable that growth feeds a free form in each run, and for what
/// accumulates a drag that grows with it and may depend on temperature.
/// @param jacobian  of the model as assumed; a parameter whose column it makes zero is left out.
std::vector<Term> MakeTerms(const CampaignModel& model, const std::vector<twin::Trust>& trust,
                            const CampaignNoise& noise, const Eigen::MatrixXd& jacobian);

/// Names of the parameters that no term blames: no reading depends on them.
std::vector<std::string> SilentParameters(const CampaignModel& model,
                                          const std::vector<Term>& terms);

/// "vd0", "pyro/pyro_t: drift from run to run", "something missing in height".
std::string NameOf(const Term& term, const twin::Description& description);

}  // namespace parallax::pipeline
