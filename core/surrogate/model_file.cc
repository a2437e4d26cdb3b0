#include "core/surrogate/model_file.h"

#include <bit>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/surrogate/model_bytes.h"

// Body: number of features, each name; outcome name; training runs; center, scale (n × 1); outcome
//       center, outcome scale; noise variance (0: learnt), noise factor; calibration scores
//       (n × 1); activation; hidden layers less one, units less one of each; number of members,
//       each: parameters (n × 1), covariance factor (n × n), effective parameters.

namespace parallax::surrogate {
namespace {

constexpr std::string_view kKind = "network";
constexpr uint64_t kVersion = 1;
constexpr uint64_t kMostFeatures = 4096;
constexpr uint64_t kMostLayers = 16;
constexpr uint64_t kMostUnits = 4096;
constexpr uint64_t kMostMembers = 4096;

absl::StatusOr<MlpShape> ReadShape(int inputs, ModelReader* reader) {
  MlpShape shape{.inputs = inputs, .hidden = {}};
  shape.activation = reader->Choice(2) == 0 ? Activation::kTanh : Activation::kSilu;
  const uint64_t layers = 1 + reader->Choice(kMostLayers);
  for (uint64_t l = 0; l < layers && reader->status().ok(); ++l) {
    shape.hidden.push_back(1 + static_cast<int>(reader->Choice(kMostUnits)));
  }
  PARALLAX_RETURN_IF_ERROR(reader->status());
  return shape;
}

absl::StatusOr<BnnMember> ReadMember(const MlpShape& shape, ModelReader* reader) {
  Eigen::VectorXd parameters = reader->Vector();
  Eigen::MatrixXd factor = reader->Matrix();
  const double effective = reader->Real();
  if (!reader->status().ok()) return reader->status();
  if (parameters.size() != shape.parameter_count()) {
    return absl::DataLossError(absl::StrFormat("member of %d parameters, must be %d",
                                               parameters.size(), shape.parameter_count()));
  }
  return BnnMember{.mlp = Mlp(shape, std::move(parameters)),
                   .covariance_factor = std::move(factor),
                   .effective_parameters = effective};
}

/// All but the members.
BnnParts ReadHead(ModelReader* reader) {
  BnnParts parts;
  const uint64_t features = reader->Choice(kMostFeatures + 1);
  for (uint64_t j = 0; j < features && reader->status().ok(); ++j) {
    parts.feature_names.push_back(reader->Text());
  }
  parts.outcome_name = reader->Text();
  parts.training_runs = static_cast<int64_t>(reader->Number());
  parts.center = reader->Vector();
  parts.scale = reader->Vector();
  parts.outcome_center = reader->Real();
  parts.outcome_scale = reader->Real();
  const uint64_t noise = reader->Number();
  if (noise != 0) parts.noise_variance = std::bit_cast<double>(noise);
  parts.noise_factor = reader->Real();
  parts.calibration_scores = reader->Vector();
  return parts;
}

}  // namespace

std::string EncodeBnn(const Bnn& model) {
  const BnnParts& parts = model.parts();
  const MlpShape& shape = parts.members.front().mlp.shape();
  ModelWriter writer;
  writer.Number(parts.feature_names.size());
  for (const std::string& name : parts.feature_names) writer.Text(name);
  writer.Text(parts.outcome_name);
  writer.Number(static_cast<uint64_t>(parts.training_runs));
  writer.Matrix(parts.center);
  writer.Matrix(parts.scale);
  writer.Real(parts.outcome_center);
  writer.Real(parts.outcome_scale);
  writer.Real(parts.noise_variance.value_or(0.0));
  writer.Real(parts.noise_factor);
  writer.Matrix(parts.calibration_scores);
  writer.Number(shape.activation == Activation::kTanh ? 0 : 1);
  writer.Number(shape.hidden.size() - 1);
  for (const int units : shape.hidden) writer.Number(static_cast<uint64_t>(units - 1));
  writer.Number(parts.members.size());
  for (const BnnMember& member : parts.members) {
    writer.Matrix(member.mlp.parameters());
    writer.Matrix(member.covariance_factor);
    writer.Real(member.effective_parameters);
  }
  return writer.Finish(kKind, kVersion);
}

absl::StatusOr<Bnn> DecodeBnn(std::string_view bytes) {
  ModelReader reader(bytes, kKind, kVersion);
  BnnParts parts = ReadHead(&reader);
  PARALLAX_ASSIGN_OR_RETURN(const MlpShape shape,
                            ReadShape(static_cast<int>(parts.feature_names.size()), &reader));
  const uint64_t members = reader.Choice(kMostMembers + 1);
  for (uint64_t k = 0; k < members && reader.status().ok(); ++k) {
    PARALLAX_ASSIGN_OR_RETURN(BnnMember member, ReadMember(shape, &reader));
    parts.members.push_back(std::move(member));
  }
  PARALLAX_RETURN_IF_ERROR(reader.Finish());
  absl::StatusOr<Bnn> model = Bnn::FromParts(std::move(parts));
  if (model.ok()) return model;
  return absl::DataLossError(absl::StrFormat("model file: %s", model.status().ToString()));
}

}  // namespace parallax::surrogate
