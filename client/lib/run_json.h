#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/lib/json_reader.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// A run.json: its id and the wire's Run, whose `name` and `split` stay empty.
struct ParsedRun {
  std::string id;
  v1::Run run;
};

/// Errors of both: InvalidArgument naming file, path, value and bound.
absl::StatusOr<ParsedRun> ParseRun(const JsonReader& json);

/// An outcome.json; any part may be absent.
absl::StatusOr<v1::Outcome> ParseOutcome(const JsonReader& json);

}  // namespace parallax::client
