#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// What a report says, in the words of a person and within 100 columns: the verdict in a sentence,
/// the gap with the fit in and out of sample, the evidence for each assumption, what the runs
/// cannot tell apart, what was calibrated, how that fares on runs never fitted, what the sensors
/// did (faults one by one, ordinary vices in a line each), which tests failed, and what cannot be
/// concluded. Everything is read off the figures of the report; a part that it lacks is left out.
/// @param report  canonical report JSON (schema parallax-report/1).
std::string ExplainReport(const Json& report);

/// The verdict alone: "The gap comes from U and tau."
std::string VerdictSentence(const Json& report);

}  // namespace parallax::client
