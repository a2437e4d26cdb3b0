#pragma once

#include <Eigen/Dense>
#include <cstddef>
#include <string>
#include <vector>

#include "core/pipeline/design_candidates.h"
#include "core/pipeline/recipe_box.h"

namespace parallax::pipeline {

/// Two explanations of a belief and how far a run tells them apart.
struct PairSeparation {
  size_t one = 0, other = 0;
  double nats = 0.0;    ///< by which data of either speak for it on average, the smaller
  double needed = 0.0;  ///< by which a verdict asks one to lead (LeadToResolve), this run included
};

/// Every pair, the best separated first.
/// @param divergence  design::SeparationBounds::divergence of the run.
std::vector<PairSeparation> PairsOf(const DesignBench& bench, const DesignCandidate& candidate,
                                    const Eigen::MatrixXd& divergence);

/// "If k0 is at fault (0.99 W/m/K, assumed 1.38), pyro_t reads 1003 K at 900 s; if Rc (…), 1016 K,
/// each to within 2.4 K." Of the reading by which one tells them apart best.
std::string WouldChange(const DesignBench& bench, const DesignCandidate& candidate,
                        const PairSeparation& pair);

/// A value with its unit as people say it: "312 um", "0.82 nm", "1003 K".
std::string SayValue(double value_si, const std::string& unit, int digits = 4);

/// "temperature 1043 K, thickness 2000 um": what differs from the usual recipe, at most four; "the
/// usual recipe" where nothing does.
std::string ChangesInWords(const RecipeBox& box, const Eigen::VectorXd& point);

/// A sentence for each range of the twin that a planned run leaves.
std::vector<std::string> Extrapolations(const DesignBench& bench, const DesignCandidate& candidate);

}  // namespace parallax::pipeline
