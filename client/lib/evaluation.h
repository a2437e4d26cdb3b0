#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/lib/message_json.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// Wall time of the parts of an evaluation [s].
struct EvaluationSeconds {
  double replay = 0.0;
  double analyse = 0.0;  ///< all phases of the job but the other two
  double calibrate = 0.0;
  double validate = 0.0;
};

/// Sums the phases of a job; `replay` is left as it is.
void AddPhases(const v1::Job& job, EvaluationSeconds& seconds);

/// Parses a report's bytes. Errors: DataLoss where they are not JSON of schema parallax-report/1.
absl::StatusOr<Json> ParseReport(const v1::Report& report);

/// The stable contract of `campaign evaluate`, docs/evaluate.schema.json: exactly its keys, in its
/// order, null where a figure does not exist.
/// @param report  canonical report JSON, as ParseReport gives it.
Json ComposeEvaluation(const std::string& campaign, const Json& report, const v1::Ledger& ledger,
                       const EvaluationSeconds& seconds);

}  // namespace parallax::client
