#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parallax::client {

/// The option `--since` of a list: only what is not older.
class Since {
 public:
  /// Declares the option; `text` must outlive the verb.
  static void AddTo(CLI::App& verb, std::string& text);
  /// "90m", "12h" or "7d" before now, or a time of RFC 3339; empty: everything.
  /// Errors: InvalidArgument with the text and the forms that are known.
  static absl::StatusOr<Since> Parse(const std::string& text, absl::Time now);

  bool Includes(const google::protobuf::Timestamp& time) const;

 private:
  explicit Since(absl::Time first) : first_(first) {}

  absl::Time first_;
};

}  // namespace parallax::client
