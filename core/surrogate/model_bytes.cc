#include "core/surrogate/model_bytes.h"

#include <bit>

#include "absl/strings/str_format.h"
#include "core/base/sha256.h"

namespace parallax::surrogate {
namespace {

constexpr size_t kWord = 8;
constexpr size_t kDigest = 64;
constexpr size_t kLeast = 3 * kWord + kDigest;

void AppendWord(uint64_t value, std::string* bytes) {
  for (size_t i = 0; i < kWord; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t WordAt(std::string_view bytes, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 0; i < kWord; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  }
  return value;
}

std::string Padded(std::string_view kind) {
  std::string padded(kind.substr(0, kWord));
  padded.resize(kWord, ' ');
  return padded;
}

}  // namespace

void ModelWriter::Number(uint64_t value) { AppendWord(value, &body_); }

void ModelWriter::Real(double value) { AppendWord(std::bit_cast<uint64_t>(value), &body_); }

void ModelWriter::Text(std::string_view text) {
  Number(text.size());
  body_.append(text);
}

void ModelWriter::Matrix(const Eigen::Ref<const Eigen::MatrixXd>& values) {
  Number(static_cast<uint64_t>(values.rows()));
  Number(static_cast<uint64_t>(values.cols()));
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    for (Eigen::Index i = 0; i < values.rows(); ++i) Real(values(i, j));
  }
}

std::string ModelWriter::Finish(std::string_view kind, uint64_t version) const {
  std::string file = Padded(kind);
  AppendWord(version, &file);
  AppendWord(body_.size(), &file);
  file += body_;
  file += base::Sha256Hex(file);
  return file;
}

ModelReader::ModelReader(std::string_view bytes, std::string_view kind, uint64_t version)
    : kind_(kind) {
  if (bytes.size() < kLeast || bytes.substr(0, kWord) != Padded(kind)) {
    Fail("is not such a file");
  } else if (WordAt(bytes, kWord) != version) {
    Fail(absl::StrFormat("has version %d, must be %d", WordAt(bytes, kWord), version));
  } else if (WordAt(bytes, 2 * kWord) != bytes.size() - kLeast) {
    Fail(absl::StrFormat("holds %d bytes, must be %d", bytes.size() - kLeast,
                         WordAt(bytes, 2 * kWord)));
  } else if (base::Sha256Hex(bytes.substr(0, bytes.size() - kDigest)) !=
             bytes.substr(bytes.size() - kDigest)) {
    Fail("was changed: its SHA-256 is another");
  } else {
    rest_ = bytes.substr(3 * kWord, bytes.size() - kLeast);
  }
}

void ModelReader::Fail(std::string_view what) {
  if (status_.ok())
    status_ = absl::DataLossError(absl::StrFormat("model file \"%s\" %s", kind_, what));
  rest_ = {};
}

uint64_t ModelReader::Number() {
  if (rest_.size() < kWord) {
    Fail("ends too early");
    return 0;
  }
  const uint64_t value = WordAt(rest_, 0);
  rest_.remove_prefix(kWord);
  return value;
}

double ModelReader::Real() { return std::bit_cast<double>(Number()); }

std::string ModelReader::Text() {
  const uint64_t size = Number();
  if (rest_.size() < size) {
    Fail("ends within a text");
    return {};
  }
  std::string text(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return text;
}

Eigen::MatrixXd ModelReader::Matrix() {
  const uint64_t rows = Number(), columns = Number();
  const uint64_t most = rest_.size() / kWord;
  if (rows > most || columns > most || (columns > 0 && rows > most / columns)) {
    Fail("ends within a matrix");
    return {};
  }
  Eigen::MatrixXd values(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    for (Eigen::Index i = 0; i < values.rows(); ++i) values(i, j) = Real();
  }
  return values;
}

Eigen::VectorXd ModelReader::Vector() {
  const Eigen::MatrixXd values = Matrix();
  if (values.cols() == 1) return values.col(0);
  Fail("holds a matrix where a vector is known");
  return {};
}

uint64_t ModelReader::Choice(uint64_t bound) {
  const uint64_t value = Number();
  if (value < bound) return value;
  Fail(absl::StrFormat("holds a %d where less than %d is known", value, bound));
  return 0;
}

absl::Status ModelReader::Finish() const {
  if (!status_.ok() || rest_.empty()) return status_;
  return absl::DataLossError(
      absl::StrFormat("model file \"%s\" has %d bytes too many", kind_, rest_.size()));
}

}  // namespace parallax::surrogate
