#include "core/pipeline/leads.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/calibration/rao_score.h"

namespace parallax::pipeline {
namespace {

std::vector<Lead> BestOf(const twin::Description& description, const calibration::RaoScores& test) {
  std::vector<Lead> leads;
  for (Eigen::Index p = 0; p < test.nats.size(); ++p) {
    if (test.nats(p) < kLeadNats) continue;
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    leads.push_back({parameter.name, parameter.mechanism, test.nats(p), test.step(p)});
  }
  std::stable_sort(leads.begin(), leads.end(),
                   [](const Lead& a, const Lead& b) { return a.nats > b.nats; });
  leads.resize(std::min(leads.size(), kMostLeads));
  return leads;
}

std::vector<std::string> Tell(const twin::Description& description, const Leads& leads,
                              const std::vector<int>& calibrated) {
  std::vector<std::string> says;
  if (!leads.worst_channel.empty()) {
    says.push_back(absl::StrFormat(
        "What is left on the held-out runs is largest in %s: %.2g times (rms) what a right twin "
        "leaves.",
        leads.worst_channel, std::sqrt(leads.worst_z2)));
  }
  if (leads.refit_nats >= kLeadNats) {
    const auto name = [&](std::string* out, int p) {
      out->append(description.parameters[static_cast<size_t>(p)].name);
    };
    says.push_back(
        absl::StrFormat("Other values of %s would gain about %.3g nats there: what was calibrated "
                        "does not carry over to "
                        "these runs.",
                        absl::StrJoin(calibrated, ", ", name), leads.refit_nats));
  }
  for (const Lead& lead : leads.parameters) {
    says.push_back(absl::StrFormat(
        "%s (%s), left as assumed, would gain about %.3g nats there, moved by %+.2g prior sds.",
        lead.parameter, absl::StrReplaceAll(lead.mechanism, {{"_", " "}}), lead.nats,
        lead.step_sd));
  }
  if (!leads.parameters.empty() || leads.refit_nats >= kLeadNats) return says;
  says.push_back(leads.worst_z2 > 1.0
                     ? absl::StrFormat("No assumption of the twin would gain %g nats there: what "
                                       "is left looks like none of its mechanisms.",
                                       kLeadNats)
                     : "No residual there asks for another value: what refused the set is not how "
                       "far off readings are.");
  return says;
}

}  // namespace

Leads FollowResiduals(const twin::Description& description, const HeldOutResiduals& held_out,
                      const std::vector<int>& calibrated) {
  const calibration::RaoScores test =
      calibration::ScoreCoordinates(held_out.whitened, held_out.jacobian, calibrated);
  Leads leads{.refit_nats = test.refit_nats, .parameters = BestOf(description, test)};
  for (const auto& [channel, z2] : held_out.mean_z2) {
    if (z2 <= leads.worst_z2) continue;
    leads.worst_channel = channel;
    leads.worst_z2 = z2;
  }
  leads.says = Tell(description, leads, calibrated);
  return leads;
}

}  // namespace parallax::pipeline
