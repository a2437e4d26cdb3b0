#pragma once

#include <string>
#include <vector>

#include "client/lib/message_json.h"

namespace parallax::client {

/// One thing that two reports say differently.
struct ReportDifference {
  std::string part;  ///< "verdict", "attribution", "calibrated" or "validation"
  std::string name;  ///< "kind", "confidence", "gap_after"; of shares and values the parameter
  std::string run;   ///< of a value that is calibrated per run; else empty
  std::string unit;  ///< of values; else empty
  Json from;         ///< null where that report does not say
  Json to;
};

/// What two reports, as ParseReport gives them, say differently: verdict, shares of the gap,
/// calibrated values and validation. In the order of `from`; what only `to` says follows.
std::vector<ReportDifference> DiffReports(const Json& from, const Json& to);

}  // namespace parallax::client
