#pragma once

#include <Eigen/Dense>
#include <vector>

#include "core/base/random.h"

namespace parallax::surrogate {

enum class Activation {
  kTanh,
  kSilu,  ///< a / (1 + e⁻ᵃ)
};

/// Layers of a network of one outcome: inputs, hidden layers of units, two outputs.
struct MlpShape {
  int inputs = 1;                  ///< ≥ 1
  std::vector<int> hidden = {50};  ///< units of each hidden layer, ≥ 1 layer of ≥ 1
  Activation activation = Activation::kTanh;

  /// Of all weights and biases.
  int parameter_count() const;
  bool operator==(const MlpShape&) const = default;
};

/// Standard deviations of the normal prior of every weight: that of a layer with k inputs is
/// weight_sd / √k, so that a wider network is not a rougher one.
struct MlpPrior {
  double first_weight_sd = 1.0;  ///< of the first layer, per standardised input / √inputs
  double weight_sd = 1.0;        ///< of the layers between
  double bias_sd = 1.0;          ///< of hidden units
  double output_sd = 1.0;        ///< of the last layer's weights / √units, and of its bias
  bool operator==(const MlpPrior&) const = default;
};

/// Multilayer perceptron of one outcome, standardised on both sides: a point is a column.
///   h₀ = x,  h_l = act(W_l h_{l-1} + b_l),  (mean, log variance)ᵀ = W_L h_{L-1} + b_L.
/// All parameters stand in one vector, layer by layer: W (units × inputs, by columns), then b.
class Mlp {
 public:
  /// REQUIRES: parameters of size shape.parameter_count().
  Mlp(MlpShape shape, Eigen::VectorXd parameters);
  /// Every weight drawn from the prior. The row of the log variance starts at 0.
  static Mlp Draw(const MlpShape& shape, const MlpPrior& prior, base::Random* random);

  /// What the last layer sees at each point: u × m for d × m points, u the last layer's inputs.
  Eigen::MatrixXd Features(const Eigen::Ref<const Eigen::MatrixXd>& points) const;
  /// Derivative of Features by one coordinate of the points: u × m.
  Eigen::MatrixXd FeatureSlopes(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                Eigen::Index coordinate) const;
  /// The last layer on such features: 2 × m, mean and log variance.
  Eigen::MatrixXd Outputs(const Eigen::Ref<const Eigen::MatrixXd>& features) const;

  const MlpShape& shape() const { return shape_; }
  const Eigen::VectorXd& parameters() const { return parameters_; }
  Eigen::VectorXd& mutable_parameters() { return parameters_; }
  /// Weights of the mean on the last layer's inputs, then its bias; u + 1.
  Eigen::VectorXd mean_weights() const;
  void set_mean_weights(const Eigen::Ref<const Eigen::VectorXd>& weights);

 private:
  MlpShape shape_;
  Eigen::VectorXd parameters_;
};

/// Prior standard deviation of every parameter, in the order of Mlp::parameters().
Eigen::VectorXd PriorSd(const MlpShape& shape, const MlpPrior& prior);

/// Gradient by backpropagation; keeps what it allocates between calls. One owner.
class MlpGradient {
 public:
  explicit MlpGradient(MlpShape shape);

  /// Outputs at the points (2 × m); what is needed for Backward is kept.
  const Eigen::MatrixXd& Forward(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                 const Eigen::Ref<const Eigen::MatrixXd>& points);
  /// Gradient of Σ of a loss with respect to all parameters, at the last Forward.
  /// @param slopes  derivative of the loss by each output, 2 × m. REQUIRES: a Forward before.
  const Eigen::VectorXd& Backward(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                  const Eigen::Ref<const Eigen::MatrixXd>& slopes);

  /// Derivative of the mean by each coordinate of the points, d × m, at the last Forward.
  const Eigen::MatrixXd& PointSlopes(const Eigen::Ref<const Eigen::VectorXd>& parameters);
  /// Gradient of Σ of a loss of outputs and point slopes: twice the work of the other.
  /// @param by_slopes  derivative of the loss by each point slope, d × m. REQUIRES: PointSlopes
  /// after the last Forward.
  const Eigen::VectorXd& Backward(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                  const Eigen::Ref<const Eigen::MatrixXd>& slopes,
                                  const Eigen::Ref<const Eigen::MatrixXd>& by_slopes);

 private:
  /// Directional derivatives of hidden sums and of what each layer sees, along `by_slopes`.
  void PushTangents(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                    const Eigen::Ref<const Eigen::MatrixXd>& by_slopes);

  MlpShape shape_;
  std::vector<Eigen::MatrixXd> inputs_;       // of each layer, k × m
  std::vector<Eigen::MatrixXd> derivatives_;  // of each hidden layer's activation, units × m
  std::vector<Eigen::MatrixXd> gates_;        // of SiLU, its sigmoid, units × m
  Eigen::MatrixXd outputs_;
  std::vector<Eigen::MatrixXd> by_units_;  // the mean by each hidden unit, units × m
  std::vector<Eigen::MatrixXd> by_sums_;   // and by what its activation sees
  Eigen::MatrixXd point_slopes_;
  std::vector<Eigen::MatrixXd> sum_tangents_;    // of each hidden layer, units × m
  std::vector<Eigen::MatrixXd> input_tangents_;  // of each layer, k × m
  Eigen::VectorXd gradient_;
};

}  // namespace parallax::surrogate
