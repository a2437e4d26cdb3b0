#include "core/surrogate/model_file.h"

#include <bit>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/sha256.h"

// File:    magic (8 bytes), version u32, length of the body u64, body, SHA-256 of all before it
//          (64 hexadecimal characters).
// Body:    names (count u32, each: length u32, bytes), outcome name (length u32, bytes),
//          training runs u64, center (vector), scale (vector), outcome center f64, outcome scale
//          f64, noise variance f64 (0: learnt), noise factor f64, calibration scores (vector),
//          activation u32, hidden layers (count u32, units u32 each), members (count u32, each:
//          parameters (vector), covariance factor (lower triangle by columns, vector),
//          effective parameters f64).
// vector:  count u32, f64 each. Integers and doubles (IEEE 754 binary64) are little-endian.

namespace parallax::surrogate {
namespace {

constexpr std::string_view kMagic = "PLXBNN\r\n";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeader = 8 + 4 + 8;
constexpr size_t kFileDigest = 64;
constexpr uint32_t kMostLayers = 16;
constexpr uint32_t kMostUnits = 4096;

template <typename Unsigned>
void PutInteger(Unsigned value, std::string* bytes) {
  for (size_t k = 0; k < sizeof(Unsigned); ++k) {
    bytes->push_back(static_cast<char>(value >> (8 * k) & 0xFF));
  }
}

void PutDouble(double value, std::string* bytes) {
  PutInteger(std::bit_cast<uint64_t>(value), bytes);
}

void PutText(std::string_view text, std::string* bytes) {
  PutInteger(static_cast<uint32_t>(text.size()), bytes);
  bytes->append(text);
}

void PutVector(const Eigen::Ref<const Eigen::VectorXd>& values, std::string* bytes) {
  PutInteger(static_cast<uint32_t>(values.size()), bytes);
  for (const double value : values) PutDouble(value, bytes);
}

/// Lower triangle of an n × n matrix by columns.
Eigen::VectorXd Triangle(const Eigen::MatrixXd& lower) {
  const Eigen::Index n = lower.rows();
  Eigen::VectorXd values(n * (n + 1) / 2);
  Eigen::Index at = 0;
  for (Eigen::Index j = 0; j < n; at += n - j, ++j)
    values.segment(at, n - j) = lower.col(j).tail(n - j);
  return values;
}

/// Reads what is there; at the first fault it keeps the reason and gives zeros and empty values.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  uint64_t Integer(size_t size, const char* what) {
    if (size > bytes_.size()) {
      Fail(what, "is cut off");
      return 0;
    }
    uint64_t value = 0;
    for (size_t k = 0; k < size; ++k) {
      value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes_[k])) << (8 * k);
    }
    bytes_.remove_prefix(size);
    return value;
  }

  double Double(const char* what) { return std::bit_cast<double>(Integer(8, what)); }

  /// A count of items of at least `size` bytes each.
  uint32_t Count(size_t size, const char* what) {
    const uint64_t count = Integer(4, what);
    if (count <= bytes_.size() / size) return static_cast<uint32_t>(count);
    Fail(what, "is cut off");
    return 0;
  }

  std::string Text(const char* what) {
    const uint32_t size = Count(1, what);
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }

  Eigen::VectorXd Vector(const char* what) {
    Eigen::VectorXd values(Count(8, what));
    for (double& value : values) value = Double(what);
    return values;
  }

  void Fail(const char* what, const char* fault) {
    if (status_.ok())
      status_ = absl::DataLossError(absl::StrFormat("model file: %s %s", what, fault));
    bytes_ = {};
  }

  bool AtEnd() const { return bytes_.empty(); }
  const absl::Status& status() const { return status_; }

 private:
  std::string_view bytes_;
  absl::Status status_;
};

MlpShape ReadShape(int inputs, Reader* reader) {
  MlpShape shape{.inputs = inputs, .hidden = {}};
  const uint64_t activation = reader->Integer(4, "activation");
  if (activation > 1) reader->Fail("activation", "is unknown");
  shape.activation = activation == 0 ? Activation::kTanh : Activation::kSilu;
  const uint32_t layers = reader->Count(4, "number of hidden layers");
  if (layers < 1 || layers > kMostLayers)
    reader->Fail("number of hidden layers", "is out of bounds");
  for (uint32_t l = 0; l < layers && reader->status().ok(); ++l) {
    const uint64_t units = reader->Integer(4, "units");
    if (units < 1 || units > kMostUnits) reader->Fail("units", "are out of bounds");
    shape.hidden.push_back(static_cast<int>(units));
  }
  return shape;
}

void ReadMember(const MlpShape& shape, Reader* reader, std::vector<BnnMember>* members) {
  Eigen::VectorXd parameters = reader->Vector("parameters of a member");
  const Eigen::VectorXd triangle = reader->Vector("covariance of a member");
  const double effective = reader->Double("effective parameters of a member");
  const Eigen::Index n = shape.hidden.back() + 1;
  if (parameters.size() != shape.parameter_count() || triangle.size() != n * (n + 1) / 2) {
    reader->Fail("member", "does not have the shape of the model");
    return;
  }
  Eigen::MatrixXd lower = Eigen::MatrixXd::Zero(n, n);
  Eigen::Index at = 0;
  for (Eigen::Index j = 0; j < n; at += n - j, ++j)
    lower.col(j).tail(n - j) = triangle.segment(at, n - j);
  members->push_back({.mlp = Mlp(shape, std::move(parameters)),
                      .covariance_factor = std::move(lower),
                      .effective_parameters = effective});
}

BnnParts ReadBody(Reader* reader) {
  BnnParts parts;
  const uint32_t names = reader->Count(4, "feature names");
  for (uint32_t j = 0; j < names; ++j) parts.feature_names.push_back(reader->Text("feature name"));
  if (names == 0) reader->Fail("feature names", "are missing");
  parts.outcome_name = reader->Text("outcome name");
  parts.training_runs = static_cast<int64_t>(reader->Integer(8, "number of training runs"));
  parts.center = reader->Vector("center");
  parts.scale = reader->Vector("scale");
  parts.outcome_center = reader->Double("outcome center");
  parts.outcome_scale = reader->Double("outcome scale");
  const uint64_t noise = reader->Integer(8, "noise variance");
  if (noise != 0) parts.noise_variance = std::bit_cast<double>(noise);
  parts.noise_factor = reader->Double("noise factor");
  parts.calibration_scores = reader->Vector("calibration scores");
  const MlpShape shape = ReadShape(static_cast<int>(names), reader);
  const uint32_t members = reader->Count(1, "members");
  for (uint32_t k = 0; k < members && reader->status().ok(); ++k) {
    ReadMember(shape, reader, &parts.members);
  }
  if (!reader->AtEnd()) reader->Fail("body", "goes on after its end");
  return parts;
}

}  // namespace

std::string EncodeBnn(const Bnn& model) {
  const BnnParts& parts = model.parts();
  const MlpShape& shape = parts.members.front().mlp.shape();
  std::string body;
  PutInteger(static_cast<uint32_t>(parts.feature_names.size()), &body);
  for (const std::string& name : parts.feature_names) PutText(name, &body);
  PutText(parts.outcome_name, &body);
  PutInteger(static_cast<uint64_t>(parts.training_runs), &body);
  PutVector(parts.center, &body);
  PutVector(parts.scale, &body);
  PutDouble(parts.outcome_center, &body);
  PutDouble(parts.outcome_scale, &body);
  PutDouble(parts.noise_variance.value_or(0.0), &body);
  PutDouble(parts.noise_factor, &body);
  PutVector(parts.calibration_scores, &body);
  PutInteger(static_cast<uint32_t>(shape.activation == Activation::kTanh ? 0 : 1), &body);
  PutInteger(static_cast<uint32_t>(shape.hidden.size()), &body);
  for (const int units : shape.hidden) PutInteger(static_cast<uint32_t>(units), &body);
  PutInteger(static_cast<uint32_t>(parts.members.size()), &body);
  for (const BnnMember& member : parts.members) {
    PutVector(member.mlp.parameters(), &body);
    PutVector(Triangle(member.covariance_factor), &body);
    PutDouble(member.effective_parameters, &body);
  }
  std::string bytes(kMagic);
  PutInteger(kVersion, &bytes);
  PutInteger(static_cast<uint64_t>(body.size()), &bytes);
  bytes += body;
  bytes += base::Sha256Hex(bytes);
  return bytes;
}

absl::StatusOr<Bnn> DecodeBnn(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError("model file: does not start as one of a network");
  }
  if (bytes.size() < kHeader + kFileDigest)
    return absl::DataLossError("model file: header is cut off");
  Reader header(bytes.substr(kMagic.size(), kHeader - kMagic.size()));
  const uint64_t version = header.Integer(4, "version");
  if (version != kVersion) {
    return absl::DataLossError(
        absl::StrFormat("model file: version = %d, must be %d", version, kVersion));
  }
  const uint64_t length = header.Integer(8, "length");
  if (length != bytes.size() - kHeader - kFileDigest) {
    return absl::DataLossError(absl::StrFormat("model file: body of %d bytes, must be %d",
                                               bytes.size() - kHeader - kFileDigest, length));
  }
  const std::string_view signed_bytes = bytes.substr(0, bytes.size() - kFileDigest);
  if (base::Sha256Hex(signed_bytes) != bytes.substr(signed_bytes.size())) {
    return absl::DataLossError("model file: SHA-256 does not match its bytes");
  }
  Reader reader(signed_bytes.substr(kHeader));
  BnnParts parts = ReadBody(&reader);
  if (!reader.status().ok()) return reader.status();
  absl::StatusOr<Bnn> model = Bnn::FromParts(std::move(parts));
  if (model.ok()) return model;
  return absl::DataLossError(absl::StrFormat("model file: %s", model.status().ToString()));
}

}  // namespace parallax::surrogate
