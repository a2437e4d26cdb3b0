#pragma once

#include <string>
#include <vector>

#include "core/attribution/verdict.h"

namespace parallax::attribution {

/// Least shift of a parameter that gains at least `nats` of log evidence, over the model in which
/// it is held, in 95 of 100 data sets. For rows y = c·z + ε, ε ~ N(0, I), and z ~ N(0, 1) where it
/// is free, the gain is ½ (cᵀy)²/(1 + s²) − ½ ln(1 + s²) with s = |c|, so that z = (√((2·nats +
/// ln(1 + s²))(1 + s²)) + 1.645 s)/s². Half of the data sets would already show the shift without
/// the 1.645.
/// @param norm  s, of the parameter's column [sds of the rows a prior sd].   @return  prior sds;
/// infinite where norm is 0.
/// REQUIRES: norm >= 0, nats >= 0.
double DetectableShift(double norm, double nats);

/// Which shifts would have been seen, as a clause to append: "; a shift of one assumption alone
/// would have been seen beyond 0.21 (vd0) to 3.9 prior sds (dgamma), but of Rc not surely
/// within 4.5". Empty where no parameter has a figure.
/// @param widest  prior sds that no honest cause needs.
std::string TellDetectable(const std::vector<ParameterEvidence>& parameters, double widest);

}  // namespace parallax::attribution
