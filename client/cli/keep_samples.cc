#include "client/cli/keep_samples.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "client/cli/age.h"

namespace parallax::client {
namespace {

constexpr char kForever[] = "forever";

/// What was typed, 0 for ever as on the wire; nothing where it is no time.
std::optional<absl::Duration> ParseKeep(const std::string& typed) {
  if (typed == kForever) return absl::ZeroDuration();
  absl::Duration keep;
  const bool time =
      ParseAge(typed, &keep) && keep > absl::ZeroDuration() && keep < absl::InfiniteDuration();
  return time ? std::optional(keep) : std::nullopt;
}

std::string KeepSamplesError(const std::string& typed) {
  if (ParseKeep(typed).has_value()) return "";
  return absl::StrFormat("\"%s\", must be a time like 90d or 36h, or \"%s\"", typed, kForever);
}

}  // namespace

void AddKeepSamples(CLI::App& verb, std::string& typed) {
  verb.add_option(
          "--keep-samples", typed,
          "how long after its end samples of a run are kept: 90d, 36h, or forever, as a rig "
          "does that says nothing. Then they are removed for good; what a current set or a "
          "report rests on stays")
      ->check(KeepSamplesError)
      ->type_name("AGE");
}

void SetKeepSamples(const std::string& typed, v1::Rig& rig) {
  const std::optional<absl::Duration> keep = ParseKeep(typed);
  if (!keep.has_value()) return;
  absl::Duration rest;
  google::protobuf::Duration& wire = *rig.mutable_keep_samples();
  wire.set_seconds(absl::IDivDuration(*keep, absl::Seconds(1), &rest));
  wire.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

std::string KeepSamplesText(const v1::Rig& rig) {
  const absl::Duration keep =
      absl::Seconds(rig.keep_samples().seconds()) + absl::Nanoseconds(rig.keep_samples().nanos());
  return keep == absl::ZeroDuration() ? kForever : AgeText(keep);
}

}  // namespace parallax::client
