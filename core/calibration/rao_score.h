#pragma once

#include <Eigen/Dense>
#include <vector>

namespace parallax::calibration {

/// What residuals say of coordinates that were not fitted to them, at first order.
struct RaoScores {
  double refit_nats = 0.0;  ///< gained by moving the refitted coordinates alone
  Eigen::VectorXd nats;     ///< gained by each other coordinate on top; 0 for refitted ones
  Eigen::VectorXd step;     ///< [prior sds] to where its least lies; of refitted ones without it
};

/// Gains of ½|r + J δ|² + ½|δ|² as single coordinates are set free, those of `refitted` with them:
/// Rao's score test under a standard normal prior about the point where J was taken. No coordinate
/// gains less than nothing.
/// @param residuals  n, whitened.   @param jacobian  n × p, d residuals / d coordinate.
/// @param refitted   columns.
/// Source: Rao, Proc. Cambridge Phil. Soc. 44 (1948) 50.
RaoScores ScoreCoordinates(const Eigen::VectorXd& residuals, const Eigen::MatrixXd& jacobian,
                           const std::vector<int>& refitted);

}  // namespace parallax::calibration
