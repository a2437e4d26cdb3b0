#include "client/lib/names.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace parallax::client {
namespace {

absl::Status BadName(const std::string& typed, const std::string& collection,
                     const std::string& child) {
  const std::string id = collection.substr(0, collection.size() - 1);
  if (child.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("name \"%s\": must be \"%s/ID\" or \"ID\"", typed, collection));
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "name \"%s\": must be \"%s/ID/%s/ID\" or \"%s/ID\"", typed, collection, child, id));
}

absl::StatusOr<std::string> TopName(const std::string& typed, const std::string& collection) {
  const std::vector<std::string> parts = absl::StrSplit(typed, '/');
  const bool full = parts.size() == 2 && parts[0] == collection && !parts[1].empty();
  if (full) return typed;
  if (parts.size() == 1 && !typed.empty()) return collection + "/" + typed;
  return BadName(typed, collection, "");
}

absl::StatusOr<std::string> NameBelowRig(const std::string& typed, const std::string& child) {
  const std::vector<std::string> parts = absl::StrSplit(typed, '/');
  const bool no_hole = std::none_of(parts.begin(), parts.end(),
                                    [](const std::string& part) { return part.empty(); });
  if (no_hole && parts.size() == 4 && parts[0] == "rigs" && parts[2] == child) return typed;
  if (no_hole && parts.size() == 2 && parts[0] != "rigs") {
    return absl::StrFormat("rigs/%s/%s/%s", parts[0], child, parts[1]);
  }
  return BadName(typed, "rigs", child);
}

}  // namespace

absl::StatusOr<std::string> RigName(const std::string& typed) { return TopName(typed, "rigs"); }
absl::StatusOr<std::string> JobName(const std::string& typed) { return TopName(typed, "jobs"); }
absl::StatusOr<std::string> TwinName(const std::string& typed) { return TopName(typed, "twins"); }

absl::StatusOr<std::string> RunName(const std::string& typed) {
  return NameBelowRig(typed, "runs");
}
absl::StatusOr<std::string> ReportName(const std::string& typed) {
  return NameBelowRig(typed, "reports");
}
absl::StatusOr<std::string> ParameterSetName(const std::string& typed) {
  return NameBelowRig(typed, "parameterSets");
}

absl::StatusOr<std::string> DesignName(const std::string& typed) {
  return NameBelowRig(typed, "designs");
}
absl::StatusOr<std::string> ModelName(const std::string& typed) {
  return NameBelowRig(typed, "models");
}

std::string LastPart(const std::string& name) { return name.substr(name.rfind('/') + 1); }

bool IsFileName(std::string_view id) {
  return !id.empty() && id.front() != '.' &&
         std::none_of(id.begin(), id.end(), [](char c) { return c == '/' || c == '\0'; });
}

}  // namespace parallax::client
