#pragma once

#include <Eigen/Dense>
#include <vector>

#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Whether the effects of two parameters stand in for each other: their collinearity index is at
/// least EvidenceRules::cluster_gamma.
/// @param slope  whitened d residual / d coordinate, rows × parameters.
bool AreCollinear(const Eigen::MatrixXd& slope, int a, int b);

/// Which union each of some parameters shares a gap in: those that are interchangeable in the twin
/// or collinear are in one, and so are two that each are so with a third.
/// @param parameters  positions among the twin's.
/// @return  one label a parameter.
std::vector<int> UnionOfEach(const twin::Description& description,
                             const std::vector<int>& parameters, const Eigen::MatrixXd& slope);

/// Parameters of the twin that each of some parameters moves when it joins a coalition: itself, and
/// those interchangeable with it that are not in the list. They are one cause, which a model may
/// hold under another name.
std::vector<std::vector<int>> MovedTogether(const twin::Description& description,
                                            const std::vector<int>& parameters);

}  // namespace parallax::pipeline
