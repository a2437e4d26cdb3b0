#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/attribution/game.h"
#include "core/attribution/sampled_shapley.h"
#include "core/base/random.h"

namespace parallax::attribution {

/// InvalidArgument unless 2 ≤ players ≤ 64 and evaluations ≥ 4·players + 2.
absl::Status CheckSampling(int players, const SamplingOptions& options);

/// What each player adds when players join in a given order: column 2k for order k, column 2k + 1
/// for its reverse.
struct OrderMarginals {
  Eigen::MatrixXd marginal;  ///< players × 2·orders
  double none = 0.0, all = 0.0;
  int evaluations = 0;
};

/// Evaluates 2(n − 1) coalitions for every order. Errors: as Evaluate.
absl::StatusOr<OrderMarginals> JoinInOrders(const Game& game,
                                            const std::vector<std::vector<int>>& orders);

/// Mean over orders and reverses, and its standard error from pairs of them. REQUIRES: two orders.
void AverageOrders(const Eigen::Ref<const Eigen::MatrixXd>& marginal, Eigen::VectorXd* mean,
                   Eigen::VectorXd* standard_error);

/// Shuffles in place (Fisher–Yates).
void Shuffle(std::vector<int>* order, base::Random& random);

}  // namespace parallax::attribution
