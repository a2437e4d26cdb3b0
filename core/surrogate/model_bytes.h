#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parallax::surrogate {

/// Appends values to the body of a model file, little-endian whatever the machine: the same bytes
/// everywhere.
class ModelWriter {
 public:
  void Number(uint64_t value);                                   ///< 8 bytes
  void Real(double value);                                       ///< 8 bytes, IEEE 754
  void Text(std::string_view text);                              ///< length, bytes
  void Matrix(const Eigen::Ref<const Eigen::MatrixXd>& values);  ///< rows, columns, by columns

  /// The file: kind (8 bytes, cut or filled with blanks), version, length of the body, body,
  /// SHA-256 of all before it.
  std::string Finish(std::string_view kind, uint64_t version) const;

 private:
  std::string body_;
};

/// Reads them back. After the first failure every answer is empty or 0, and status() says what was
/// wrong; nothing is read beyond the bytes or allocated beyond what they can fill.
class ModelReader {
 public:
  /// Errors of status(): DataLoss on another kind or version, bytes cut off, added or changed.
  ModelReader(std::string_view bytes, std::string_view kind, uint64_t version);

  uint64_t Number();
  double Real();
  std::string Text();
  Eigen::MatrixXd Matrix();
  Eigen::VectorXd Vector();  ///< a matrix of one column
  /// A number that must be below `bound`.
  uint64_t Choice(uint64_t bound);

  /// REQUIRES: all was read that is wanted. DataLoss where anything failed or bytes are left.
  absl::Status Finish() const;
  const absl::Status& status() const { return status_; }

 private:
  void Fail(std::string_view what);

  std::string_view rest_;
  std::string kind_;
  absl::Status status_;
};

}  // namespace parallax::surrogate
