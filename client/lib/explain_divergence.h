#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// The part of an explanation that compares runs with what a right twin would show: a table of
/// distances by signal, then a sentence for each signal that differs, with the phase and the moment
/// at which it opens. Where no run was compared, the reason alone, without a heading: it goes on
/// with what was compared. Empty where the report has no such section.
std::string ExplainDivergences(const Json& report);

}  // namespace parallax::client
