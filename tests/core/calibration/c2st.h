#pragma once

#include <Eigen/Dense>
#include <string>

namespace parallax::calibration::testing {

/// Classifier two-sample tests: the accuracy, by five-fold cross-validation, at telling draws of
/// one sample from draws of another of equal size. 0.5 where the distributions are the same.
/// Source: Lopez-Paz & Oquab, arXiv:1610.06545.

/// k nearest neighbours in coordinates of unit pooled variance: any shape, few dimensions.
double NearestNeighbourC2st(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b,
                            int neighbours = 31);

/// Logistic regression on all monomials up to the second degree: the best possible classifier where
/// both samples are Gaussian.
double QuadraticC2st(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

/// Draws of a comma-separated file with one header line, one draw a column.
Eigen::MatrixXd ReadDraws(const std::string& path);

}  // namespace parallax::calibration::testing
