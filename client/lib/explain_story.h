#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// What the identified parameters of the rig are instead of what was assumed: "nk is -0.509 (sd
/// 0.0396) where 0 was assumed." Empty under any other verdict.
std::string ExplainIdentified(const Json& report);

/// Why the verdict is what it is, as the report tells it: the routes by which what was calibrated
/// acts, what was ruled out and by which figure, what to measure next. Empty where it tells none.
std::string ExplainStory(const Json& report);

/// What each hypothesis is worth, as a table; empty where none was weighed.
std::string ExplainHypotheses(const Json& report);

/// Under NO_GAP: the shift of each assumption that would have been seen, as a table; empty under
/// any other verdict and where none has a figure.
std::string ExplainDetectable(const Json& report);

/// How surely the calibrated values are known, as a table; empty where no posterior was sampled.
std::string ExplainPosterior(const Json& report);

/// What each calibrated mechanism alone makes of the held-out gap, and what it is without it:
/// "Replay: substrate conductivity alone 0.2, without it 3, floor 0.15: alone it does not reach the
/// floor." Empty where nothing was replayed. @param validation  of a report.
std::string ExplainReplays(const Json& validation);

/// What held-out runs would have given, those in one line that were right in any case; empty where
/// no call of theirs was imagined.
std::string ExplainCounterfactuals(const Json& report);

}  // namespace parallax::client
