#include "core/surrogate/mlp.h"

#include <cmath>
#include <utility>

#include "core/base/check.h"

namespace parallax::surrogate {
namespace {

constexpr int kOutputs = 2;

/// Where the parameters of a layer stand.
struct Layer {
  Eigen::Index first = 0;
  Eigen::Index inputs = 0;
  Eigen::Index units = 0;

  Eigen::Index bias() const { return first + inputs * units; }
  Eigen::Index end() const { return bias() + units; }
};

std::vector<Layer> LayersOf(const MlpShape& shape) {
  std::vector<Layer> layers;
  Layer layer{.first = 0, .inputs = shape.inputs};
  for (size_t l = 0; l <= shape.hidden.size(); ++l) {
    layer.units = l < shape.hidden.size() ? shape.hidden[l] : kOutputs;
    layers.push_back(layer);
    layer.first = layer.end();
    layer.inputs = layer.units;
  }
  return layers;
}

Eigen::Map<const Eigen::MatrixXd> WeightsOf(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                            const Layer& layer) {
  return {parameters.data() + layer.first, layer.units, layer.inputs};
}

/// W x + b into `sums`.
void Affine(const Eigen::Ref<const Eigen::VectorXd>& parameters, const Layer& layer,
            const Eigen::Ref<const Eigen::MatrixXd>& points, Eigen::MatrixXd* sums) {
  sums->resize(layer.units, points.cols());
  sums->noalias() = WeightsOf(parameters, layer) * points;
  sums->colwise() += parameters.segment(layer.bias(), layer.units);
}

/// Through exp, which Eigen computes several at once, unlike its tanh of doubles.
void Activate(Activation activation, Eigen::MatrixXd* sums) {
  if (activation == Activation::kTanh) {
    sums->array() = 1.0 - 2.0 / ((2.0 * sums->array()).exp() + 1.0);
  } else {
    sums->array() /= 1.0 + (-sums->array()).exp();
  }
}

/// The same, with the derivative by each sum; `gates` gets the sigmoid of SiLU.
void Activate(Activation activation, Eigen::MatrixXd* sums, Eigen::MatrixXd* derivatives,
              Eigen::MatrixXd* gates) {
  if (activation == Activation::kTanh) {
    Activate(activation, sums);
    *derivatives = 1.0 - sums->array().square();
  } else {
    *gates = 1.0 / (1.0 + (-sums->array()).exp());
    // a s as the value; s (1 + a (1 − s)) = s + a s (1 − s).
    sums->array() *= gates->array();
    *derivatives = gates->array() + sums->array() * (1.0 - gates->array());
  }
}

/// Second derivative of the activation, from what Activate gave: of tanh −2 h (1 − h²), of SiLU
/// s (1 − s) (2 + a (1 − 2 s)) = (1 − s) (2 s + h (1 − 2 s)).
Eigen::ArrayXXd Curvature(Activation activation, const Eigen::MatrixXd& values,
                          const Eigen::MatrixXd& derivatives, const Eigen::MatrixXd& gates) {
  if (activation == Activation::kTanh) return -2.0 * values.array() * derivatives.array();
  return (1.0 - gates.array()) *
         (2.0 * gates.array() + values.array() * (1.0 - 2.0 * gates.array()));
}

}  // namespace

int MlpShape::parameter_count() const { return static_cast<int>(LayersOf(*this).back().end()); }

Eigen::VectorXd PriorSd(const MlpShape& shape, const MlpPrior& prior) {
  Eigen::VectorXd sd(shape.parameter_count());
  const std::vector<Layer> layers = LayersOf(shape);
  for (size_t l = 0; l < layers.size(); ++l) {
    const Layer& layer = layers[l];
    const bool last = l + 1 == layers.size();
    const double weight = last ? prior.output_sd : l == 0 ? prior.first_weight_sd : prior.weight_sd;
    sd.segment(layer.first, layer.inputs * layer.units)
        .setConstant(weight / std::sqrt(static_cast<double>(layer.inputs)));
    sd.segment(layer.bias(), layer.units).setConstant(last ? prior.output_sd : prior.bias_sd);
  }
  return sd;
}

Mlp::Mlp(MlpShape shape, Eigen::VectorXd parameters)
    : shape_(std::move(shape)), parameters_(std::move(parameters)) {
  PARALLAX_CHECK(parameters_.size() == shape_.parameter_count());
}

Mlp Mlp::Draw(const MlpShape& shape, const MlpPrior& prior, base::Random* random) {
  Eigen::VectorXd parameters = PriorSd(shape, prior);
  for (double& parameter : parameters) parameter *= random->Normal();
  const Layer last = LayersOf(shape).back();
  for (Eigen::Index k = 0; k < last.inputs; ++k) parameters(last.first + kOutputs * k + 1) = 0.0;
  parameters(last.bias() + 1) = 0.0;
  return Mlp(shape, std::move(parameters));
}

Eigen::MatrixXd Mlp::Features(const Eigen::Ref<const Eigen::MatrixXd>& points) const {
  PARALLAX_CHECK(points.rows() == shape_.inputs);
  const std::vector<Layer> layers = LayersOf(shape_);
  Eigen::MatrixXd features, sums;
  Affine(parameters_, layers.front(), points, &features);
  Activate(shape_.activation, &features);
  for (size_t l = 1; l + 1 < layers.size(); ++l) {
    Affine(parameters_, layers[l], features, &sums);
    Activate(shape_.activation, &sums);
    features.swap(sums);
  }
  return features;
}

Eigen::MatrixXd Mlp::FeatureSlopes(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                   Eigen::Index coordinate) const {
  PARALLAX_CHECK(points.rows() == shape_.inputs && coordinate < points.rows());
  const std::vector<Layer> layers = LayersOf(shape_);
  Eigen::MatrixXd values = points, sums, slopes, derivatives, gates;
  for (size_t l = 0; l + 1 < layers.size(); ++l) {
    Affine(parameters_, layers[l], values, &sums);
    Activate(shape_.activation, &sums, &derivatives, &gates);
    const Eigen::Map<const Eigen::MatrixXd> weights = WeightsOf(parameters_, layers[l]);
    if (l == 0) {
      slopes = derivatives.array().colwise() * weights.col(coordinate).array();
    } else {
      slopes = (weights * slopes).cwiseProduct(derivatives).eval();
    }
    values.swap(sums);
  }
  return slopes;
}

Eigen::MatrixXd Mlp::Outputs(const Eigen::Ref<const Eigen::MatrixXd>& features) const {
  Eigen::MatrixXd outputs;
  Affine(parameters_, LayersOf(shape_).back(), features, &outputs);
  return outputs;
}

Eigen::VectorXd Mlp::mean_weights() const {
  const Layer last = LayersOf(shape_).back();
  Eigen::VectorXd weights(last.inputs + 1);
  weights << WeightsOf(parameters_, last).row(0).transpose(), parameters_(last.bias());
  return weights;
}

void Mlp::set_mean_weights(const Eigen::Ref<const Eigen::VectorXd>& weights) {
  const Layer last = LayersOf(shape_).back();
  PARALLAX_CHECK(weights.size() == last.inputs + 1);
  for (Eigen::Index k = 0; k < last.inputs; ++k) {
    parameters_(last.first + kOutputs * k) = weights(k);
  }
  parameters_(last.bias()) = weights(last.inputs);
}

MlpGradient::MlpGradient(MlpShape shape)
    : shape_(std::move(shape)),
      inputs_(shape_.hidden.size() + 1),
      derivatives_(shape_.hidden.size()),
      gates_(shape_.hidden.size()),
      by_units_(shape_.hidden.size()),
      by_sums_(shape_.hidden.size()),
      sum_tangents_(shape_.hidden.size()),
      input_tangents_(shape_.hidden.size() + 1),
      gradient_(shape_.parameter_count()) {}

const Eigen::MatrixXd& MlpGradient::Forward(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                            const Eigen::Ref<const Eigen::MatrixXd>& points) {
  PARALLAX_CHECK(parameters.size() == gradient_.size() && points.rows() == shape_.inputs);
  const std::vector<Layer> layers = LayersOf(shape_);
  inputs_[0] = points;
  for (size_t l = 0; l + 1 < layers.size(); ++l) {
    Affine(parameters, layers[l], inputs_[l], &inputs_[l + 1]);
    Activate(shape_.activation, &inputs_[l + 1], &derivatives_[l], &gates_[l]);
  }
  Affine(parameters, layers.back(), inputs_.back(), &outputs_);
  return outputs_;
}

const Eigen::VectorXd& MlpGradient::Backward(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                             const Eigen::Ref<const Eigen::MatrixXd>& slopes) {
  PARALLAX_CHECK(slopes.rows() == kOutputs && slopes.cols() == outputs_.cols());
  const std::vector<Layer> layers = LayersOf(shape_);
  Eigen::MatrixXd delta = slopes;
  for (size_t l = layers.size(); l-- > 0;) {
    const Layer& layer = layers[l];
    Eigen::Map<Eigen::MatrixXd>(gradient_.data() + layer.first, layer.units, layer.inputs)
        .noalias() = delta * inputs_[l].transpose();
    gradient_.segment(layer.bias(), layer.units) = delta.rowwise().sum();
    if (l == 0) break;
    const Eigen::MatrixXd back = WeightsOf(parameters, layer).transpose() * delta;
    delta = back.cwiseProduct(derivatives_[l - 1]);
  }
  return gradient_;
}

const Eigen::MatrixXd& MlpGradient::PointSlopes(
    const Eigen::Ref<const Eigen::VectorXd>& parameters) {
  const std::vector<Layer> layers = LayersOf(shape_);
  for (size_t l = layers.size() - 1; l-- > 0;) {
    const Eigen::Map<const Eigen::MatrixXd> above = WeightsOf(parameters, layers[l + 1]);
    if (l + 2 == layers.size()) {
      by_units_[l] = above.row(0).transpose().replicate(1, outputs_.cols());
    } else {
      by_units_[l].noalias() = above.transpose() * by_sums_[l + 1];
    }
    by_sums_[l] = by_units_[l].cwiseProduct(derivatives_[l]);
  }
  point_slopes_.noalias() = WeightsOf(parameters, layers[0]).transpose() * by_sums_[0];
  return point_slopes_;
}

void MlpGradient::PushTangents(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                               const Eigen::Ref<const Eigen::MatrixXd>& by_slopes) {
  const std::vector<Layer> layers = LayersOf(shape_);
  input_tangents_[0] = by_slopes;
  for (size_t l = 0; l + 1 < layers.size(); ++l) {
    sum_tangents_[l].noalias() = WeightsOf(parameters, layers[l]) * input_tangents_[l];
    input_tangents_[l + 1] = sum_tangents_[l].cwiseProduct(derivatives_[l]);
  }
}

// With r = by_slopes held fixed, the slopes' part of the gradient is that of Σ r · ∇ₓ mean, the
// derivative of the mean along r, whose own derivatives by the layers PointSlopes left behind.
const Eigen::VectorXd& MlpGradient::Backward(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                                             const Eigen::Ref<const Eigen::MatrixXd>& slopes,
                                             const Eigen::Ref<const Eigen::MatrixXd>& by_slopes) {
  PARALLAX_CHECK(slopes.rows() == kOutputs && slopes.cols() == outputs_.cols() &&
                 by_slopes.rows() == shape_.inputs && by_slopes.cols() == outputs_.cols());
  const std::vector<Layer> layers = LayersOf(shape_);
  PushTangents(parameters, by_slopes);
  Eigen::MatrixXd delta = slopes;
  for (size_t l = layers.size(); l-- > 0;) {
    const Layer& layer = layers[l];
    Eigen::Map<Eigen::MatrixXd> by_weights(gradient_.data() + layer.first, layer.units,
                                           layer.inputs);
    by_weights.noalias() = delta * inputs_[l].transpose();
    gradient_.segment(layer.bias(), layer.units) = delta.rowwise().sum();
    if (l + 1 == layers.size()) {
      by_weights.row(0) += input_tangents_[l].rowwise().sum().transpose();
    } else {
      by_weights.noalias() += by_sums_[l] * input_tangents_[l].transpose();
    }
    if (l == 0) break;
    const Eigen::MatrixXd back = WeightsOf(parameters, layer).transpose() * delta;
    delta = back.array() * derivatives_[l - 1].array() +
            Curvature(shape_.activation, inputs_[l], derivatives_[l - 1], gates_[l - 1]) *
                sum_tangents_[l - 1].array() * by_units_[l - 1].array();
  }
  return gradient_;
}

}  // namespace parallax::surrogate
