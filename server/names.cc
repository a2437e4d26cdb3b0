#include "server/names.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr size_t kMaxIdBytes = 63;

bool IsId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdBytes) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

/// Matches "rigs/{}/runs/{}" against `name`; the ids in order, or nothing.
std::optional<std::vector<std::string>> Match(std::string_view pattern, std::string_view name) {
  std::vector<std::string> ids;
  while (!pattern.empty()) {
    const size_t pattern_end = std::min(pattern.find('/'), pattern.size());
    const size_t name_end = std::min(name.find('/'), name.size());
    const std::string_view want = pattern.substr(0, pattern_end);
    const std::string_view have = name.substr(0, name_end);
    if (want.front() == '{') {
      if (!IsId(have)) return std::nullopt;
      ids.emplace_back(have);
    } else if (want != have) {
      return std::nullopt;
    }
    const bool pattern_ends = pattern_end == pattern.size();
    const bool name_ends = name_end == name.size();
    if (pattern_ends || name_ends) {
      return pattern_ends && name_ends ? std::optional(ids) : std::nullopt;
    }
    pattern.remove_prefix(pattern_end + 1);
    name.remove_prefix(name_end + 1);
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<std::string>> Parse(std::string_view field, std::string_view pattern,
                                               std::string_view name) {
  if (std::optional<std::vector<std::string>> ids = Match(pattern, name)) return *std::move(ids);
  return InvalidField(field, name, absl::StrFormat("a name of the form %s", pattern),
                      "ids have 1 to 63 characters of [A-Za-z0-9_.-]");
}

/// Name of a revision of a rig's; "current" is -1.
absl::Status ParseRevision(std::string_view field, std::string_view pattern, std::string_view name,
                           std::string* rig, int64_t* revision) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<std::string> ids, Parse(field, pattern, name));
  *rig = ids[0];
  *revision = -1;
  if (ids[1] == "current") return absl::OkStatus();
  if (absl::SimpleAtoi(ids[1], revision) && *revision >= 0) return absl::OkStatus();
  return InvalidField(field, name, absl::StrFormat("a name of the form %s", pattern),
                      "the revision is a number >= 0 or \"current\"");
}

}  // namespace

absl::StatusOr<std::string> ParseRigName(std::string_view field, std::string_view name) {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<std::string> ids, Parse(field, "rigs/{rig}", name));
  return ids[0];
}

absl::StatusOr<RunName> ParseRunName(std::string_view field, std::string_view name) {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<std::string> ids,
                            Parse(field, "rigs/{rig}/runs/{run}", name));
  return RunName{.rig = ids[0], .run = ids[1]};
}

absl::StatusOr<ReportName> ParseReportName(std::string_view field, std::string_view name) {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<std::string> ids,
                            Parse(field, "rigs/{rig}/reports/{report}", name));
  return ReportName{.rig = ids[0], .report = ids[1]};
}

absl::StatusOr<ParameterSetName> ParseParameterSetName(std::string_view field,
                                                       std::string_view name) {
  ParameterSetName parsed;
  PARALLAX_RETURN_IF_ERROR(ParseRevision(field, "rigs/{rig}/parameterSets/{revision}", name,
                                         &parsed.rig, &parsed.revision));
  return parsed;
}

absl::StatusOr<DesignName> ParseDesignName(std::string_view field, std::string_view name) {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<std::string> ids,
                            Parse(field, "rigs/{rig}/designs/{design}", name));
  return DesignName{.rig = ids[0], .design = ids[1]};
}

absl::StatusOr<ModelName> ParseModelName(std::string_view field, std::string_view name) {
  ModelName parsed;
  PARALLAX_RETURN_IF_ERROR(
      ParseRevision(field, "rigs/{rig}/models/{revision}", name, &parsed.rig, &parsed.revision));
  return parsed;
}

absl::StatusOr<std::string> ParseJobName(std::string_view field, std::string_view name) {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<std::string> ids, Parse(field, "jobs/{job}", name));
  return ids[0];
}

absl::StatusOr<std::string> ParseTwinName(std::string_view field, std::string_view name) {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<std::string> ids, Parse(field, "twins/{twin}", name));
  return ids[0];
}

std::string RigNameOf(std::string_view rig) { return absl::StrFormat("rigs/%s", rig); }
std::string RunNameOf(std::string_view rig, std::string_view run) {
  return absl::StrFormat("rigs/%s/runs/%s", rig, run);
}
std::string ReportNameOf(std::string_view rig, std::string_view report) {
  return absl::StrFormat("rigs/%s/reports/%s", rig, report);
}
std::string ParameterSetNameOf(std::string_view rig, int64_t revision) {
  return absl::StrFormat("rigs/%s/parameterSets/%d", rig, revision);
}
std::string DesignNameOf(std::string_view rig, std::string_view design) {
  return absl::StrFormat("rigs/%s/designs/%s", rig, design);
}
std::string ModelNameOf(std::string_view rig, int64_t revision) {
  return absl::StrFormat("rigs/%s/models/%d", rig, revision);
}
std::string JobNameOf(std::string_view job) { return absl::StrFormat("jobs/%s", job); }
std::string TwinNameOf(std::string_view twin) { return absl::StrFormat("twins/%s", twin); }

}  // namespace parallax::server
