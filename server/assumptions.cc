#include "server/assumptions.h"

#include <map>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/edit_distance.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/version.h"

namespace parallax::server {

absl::StatusOr<const twin::Twin*> FindTwin(const twin::Registry& twins, const v1::Rig& rig) {
  const absl::StatusOr<const twin::Twin*> twin = twins.Find(rig.twin());
  if (!twin.ok()) {
    std::vector<std::string> names;
    for (const twin::Twin* known : twins.List()) names.push_back(known->description().name);
    const std::string nearest = base::NearestName(rig.twin(), names);
    return InvalidField("rig.twin", rig.twin(), "one of TwinService.ListTwins",
                        nearest.empty() ? std::string(twin.status().message())
                                        : absl::StrFormat("did you mean \"%s\"?", nearest));
  }
  if (!twin::PredictsRigKind((*twin)->description(), rig.kind())) {
    const std::string kinds = absl::StrJoin((*twin)->description().rig_kinds, "\" or \"");
    return InvalidField("rig.kind", rig.kind(),
                        absl::StrFormat("\"%s\", which twin \"%s\" predicts", kinds, rig.twin()));
  }
  return twin;
}

absl::StatusOr<calibration::ParameterSet> AssumedSet(
    const twin::Description& description,
    const google::protobuf::Map<std::string, double>& assumptions) {
  PARALLAX_RETURN_IF_ERROR(
      CheckCount("assumptions", static_cast<int64_t>(assumptions.size()), kMaxMapEntries));
  absl::StatusOr<Eigen::VectorXd> vector = twin::ParametersFromAssumptions(
      description, std::map<std::string, double>(assumptions.begin(), assumptions.end()));
  if (!vector.ok()) return AtField(vector.status(), "assumptions");
  calibration::ParameterSet set;
  for (size_t i = 0; i < description.parameters.size(); ++i) {
    const double value = (*vector)[static_cast<Eigen::Index>(i)];
    set.values.push_back({.parameter = description.parameters[i].name,
                          .value = value,
                          .assumed = value,
                          .unit = description.parameters[i].unit});
  }
  set.provenance.twin = description.name;
  set.provenance.twin_digest = twin::Digest(description);
  set.provenance.version = kVersion;
  return set;
}

}  // namespace parallax::server
