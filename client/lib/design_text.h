#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/lib/message_json.h"
#include "parallax/v1/design.pb.h"

namespace parallax::client {

/// What a design says, parsed. Errors: DataLoss (its bytes are no JSON object with experiments).
absl::StatusOr<Json> ParseDesign(const v1::Design& design);

/// A design in plain words: what each experiment changes, tells and is expected to give.
std::string DesignText(const Json& design);

/// The recipe of experiment `rank`, counted from 1, as a run.json that `parallax run open` takes.
/// Its id and its start, RFC 3339, are the caller's. Errors: NotFound (no such experiment).
absl::StatusOr<Json> RecipeOf(const Json& design, int rank, const std::string& id,
                              const std::string& started_at);

}  // namespace parallax::client
