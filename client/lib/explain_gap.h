#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// "19.7 (12 to 30)": a figure with its interval, where it has one.
std::string WithInterval(const Json& value, const Json& low, const Json& high);

/// The part of an explanation that tells which runs were compared and how far they are from the
/// twin: the gap, of a campaign the mean square beside it, and every channel's RMSE. The p-value is
/// that of the verdict, beside the figure that it tests.
std::string ExplainGap(const Json& report);

}  // namespace parallax::client
