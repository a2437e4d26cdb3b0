#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// What a report says, in the words of a person and within 100 columns: the verdict in a sentence,
/// the evidence for it, what was calibrated, whether that holds on runs never fitted, and what
/// cannot be concluded. Everything is read off the figures of the report.
/// @param report  canonical report JSON (schema parallax-report/1).
std::string ExplainReport(const Json& report);

/// The verdict alone: "The gap comes from U and tau: ...".
std::string VerdictSentence(const Json& report);

}  // namespace parallax::client
