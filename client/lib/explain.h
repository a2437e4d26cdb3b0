#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// What a report says, in the words of a person and within 100 columns: the verdict in a sentence,
/// how its cause acts, what was ruled out and what to measure next, the gap with the fit in and out
/// of sample, the evidence for each assumption and each hypothesis, which shifts would have been
/// seen where there is no gap, what the runs cannot tell apart, what was calibrated, how that fares
/// on runs never fitted, one by one, what the sensors did (faults one by one, ordinary vices in a
/// line each), which tests failed, and what cannot be concluded. Everything is read off the figures
/// of the report; a part that it lacks is left out.
/// @param report  canonical report JSON (schema parallax-report/1).
std::string ExplainReport(const Json& report);

/// The same for a program: the verdict's sentence, kind, confidence and reason, what to measure
/// next, the tests that failed, the lists that the text is made of, and the text.
Json ExplanationJson(const Json& report);

/// The verdict alone: "The gap comes from U and tau."
std::string VerdictSentence(const Json& report);

}  // namespace parallax::client
