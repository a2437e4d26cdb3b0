#include "client/cli/find_report.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {

absl::StatusOr<v1::Report> FindReport(const std::string& typed, Context& context) {
  const absl::StatusOr<std::string> name = ReportName(typed);
  if (name.ok()) return context.client().GetReport(*name);
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(typed));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Report> reports,
                            context.client().ListReports(rig));
  if (reports.empty()) {
    return absl::NotFoundError(
        absl::StrFormat("%s has no report yet; parallax campaign analyze makes one", rig));
  }
  return context.client().GetReport(reports.front().name());
}

}  // namespace parallax::client
