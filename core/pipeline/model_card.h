#pragma once

#include <string>
#include <vector>

#include "core/pipeline/residual_fit.h"
#include "core/pipeline/run_features.h"
#include "core/surrogate/feature_domain.h"
#include "core/surrogate/randomize.h"

namespace parallax::pipeline {

/// What a card says of one outcome's model.
struct OutcomeCard {
  std::string outcome, unit;
  std::string method;  ///< "GAUSSIAN_PROCESS", "BAYESIAN_NETWORK"
  surrogate::FeatureDomain domain;
  std::vector<DroppedFeature> dropped;
  int real_runs = 0, simulated_runs = 0;
  double scatter = 0.0;
  double effective_parameters = 0.0;
  bool smoothed = false;  ///< ResidualFit::smoothed
  HeldOut left_out, locked;
  bool alarm = false;
  std::vector<std::string> objections;  ///< why it was refused; empty where it serves
};

/// An outcome of which nothing could be learnt.
struct NotLearnt {
  std::string outcome;
  std::string because;
};

/// What a model is made of, for people and programs.
struct ModelCard {
  std::string rig, twin, twin_digest;
  std::string set_digest;  ///< SHA-256 of the parameter set that it corrects
  uint64_t seed = 0;
  std::vector<std::string> runs;  ///< learnt from
  std::vector<OutcomeCard> outcomes;
  std::vector<NotLearnt> not_learnt;
  std::vector<std::string> locked_runs;
  std::string locked_sha256;  ///< of their names and what was measured; empty: none locked
  int locked_queries = 0;     ///< this training's included
  bool accepted = false;
  std::string because;
};

/// Canonical JSON, format "parallax.model/1".
std::string EncodeCard(const ModelCard& card);

}  // namespace parallax::pipeline
