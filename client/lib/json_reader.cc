#include "client/lib/json_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/lib/status.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr size_t kShownBytes = 60;
constexpr int kMaxDepth = 64;

std::string LineAndColumn(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t column = before.size() - (before.rfind('\n') + 1);
  return absl::StrFormat("line %d, column %d", line, column);
}

absl::Status NotJson(const std::string& where, const std::string& what) {
  return base::WithFieldError(
      absl::InvalidArgumentError(absl::StrFormat("%s: not JSON: %s", where, what)),
      {.field = where, .value = what, .bound = "JSON", .next_step = "mend the file there"});
}

/// Remembers the keys of the open objects; a second one of the same name is an error, since
/// the parser would drop the first without a word. What lies deeper than any document of ours is
/// dropped and remembered: to print a value takes stack for every level of it.
class Watchman {
 public:
  bool operator()(int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (depth > kMaxDepth) too_deep_ = true;
    if (too_deep_) return false;
    if (event == nlohmann::json::parse_event_t::object_start) open_.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end) open_.pop_back();
    if (event == nlohmann::json::parse_event_t::key &&
        !open_.back().insert(value.get<std::string>()).second) {
      repeated_ = value.get<std::string>();
    }
    return true;
  }
  const std::optional<std::string>& repeated() const { return repeated_; }
  bool too_deep() const { return too_deep_; }

 private:
  std::vector<std::set<std::string>> open_;
  std::optional<std::string> repeated_;
  bool too_deep_ = false;
};

}  // namespace

absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  Watchman watchman;
  try {
    nlohmann::json document = nlohmann::json::parse(text, std::ref(watchman));
    if (watchman.too_deep()) {
      return base::InvalidField({.field = path,
                                 .value = "deeper",
                                 .bound = absl::StrFormat("nested at most %d deep", kMaxDepth)});
    }
    if (watchman.repeated().has_value()) {
      return base::WithFieldError(
          absl::InvalidArgumentError(absl::StrFormat("%s: key \"%s\" stands twice in one object",
                                                     path, *watchman.repeated())),
          {.field = path,
           .value = *watchman.repeated(),
           .bound = "once in an object",
           .next_step = "keep one of the two"});
    }
    return document;
  } catch (const nlohmann::json::parse_error& error) {
    const std::string what = error.what();
    const size_t colon = what.rfind(": ");
    return NotJson(absl::StrFormat("%s: %s", path, LineAndColumn(text, error.byte)),
                   colon == std::string::npos ? what : what.substr(colon + 2));
  } catch (const nlohmann::json::exception& error) {
    return NotJson(path, error.what());
  }
}

JsonReader JsonReader::At(const nlohmann::json& value, const std::string& step) const {
  JsonReader reader(value, file_, *warnings_);
  reader.path_ = path_.empty() || step.front() == '[' ? path_ + step : path_ + "." + step;
  return reader;
}

absl::Status JsonReader::Error(const std::string& bound) const {
  std::string shown = value_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (shown.size() > kShownBytes) shown = shown.replace(kShownBytes, std::string::npos, "...");
  v1::ErrorDetail detail;
  detail.set_field(path_.empty() ? file_ : file_ + ": " + path_);
  detail.set_value(shown);
  detail.set_bound(bound);
  return DetailedError(absl::StatusCode::kInvalidArgument, detail);
}

absl::StatusOr<std::optional<JsonReader>> JsonReader::Find(const std::string& key) const {
  if (!value_->is_object()) return Error("an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::optional<JsonReader>();
  return std::optional<JsonReader>(At(*found, key));
}

absl::StatusOr<JsonReader> JsonReader::Member(const std::string& key) const {
  PARALLAX_ASSIGN_OR_RETURN(std::optional<JsonReader> member, Find(key));
  if (!member.has_value()) {
    std::vector<std::string> keys;
    for (const auto& item : value_->items()) keys.push_back(item.key());
    const std::string nearest = base::NearestName(key, keys);
    return base::WithFieldError(
        absl::InvalidArgumentError(absl::StrFormat("%s: %skey \"%s\" is missing", file_,
                                                   path_.empty() ? "" : path_ + ": ", key)),
        {.field = absl::StrFormat("%s: %s%s", file_, path_.empty() ? "" : path_ + ".", key),
         .value = "missing",
         .bound = "given",
         .next_step = nearest.empty()
                          ? absl::StrFormat("add the key \"%s\"", key)
                          : absl::StrFormat("is \"%s\" meant to be \"%s\"?", nearest, key)});
  }
  return *member;
}

absl::StatusOr<std::vector<std::pair<std::string, JsonReader>>> JsonReader::Members() const {
  if (!value_->is_object()) return Error("an object");
  std::vector<std::pair<std::string, JsonReader>> members;
  for (const auto& item : value_->items()) {
    members.emplace_back(item.key(), At(item.value(), item.key()));
  }
  return members;
}

absl::StatusOr<std::vector<JsonReader>> JsonReader::Elements() const {
  if (!value_->is_array()) return Error("an array");
  std::vector<JsonReader> elements;
  for (size_t i = 0; i < value_->size(); ++i) {
    elements.push_back(At((*value_)[i], absl::StrFormat("[%d]", i)));
  }
  return elements;
}

absl::StatusOr<std::string> JsonReader::String() const {
  if (!value_->is_string()) return Error("a string");
  return value_->get<std::string>();
}

absl::StatusOr<double> JsonReader::Number() const {
  if (!value_->is_number()) return Error("a number");
  return value_->get<double>();
}

absl::StatusOr<int> JsonReader::Integer() const {
  PARALLAX_ASSIGN_OR_RETURN(const double number, Number());
  const bool fits = std::abs(number) <= std::numeric_limits<int>::max();
  if (!fits || number != std::floor(number)) return Error("a whole number");
  return static_cast<int>(number);
}

absl::StatusOr<google::protobuf::Timestamp> JsonReader::Time() const {
  PARALLAX_ASSIGN_OR_RETURN(const std::string text, String());
  absl::Time time;
  std::string problem;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &problem) ||
      time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return Error("a time of RFC 3339, like 2025-05-17T08:04:51Z");
  }
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(absl::ToUnixSeconds(time));
  const absl::Duration rest = time - absl::FromUnixSeconds(stamp.seconds());
  stamp.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(rest)));
  return stamp;
}

absl::StatusOr<std::string> JsonReader::StringAt(const std::string& key) const {
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader member, Member(key));
  return member.String();
}

absl::StatusOr<std::string> JsonReader::StringOrEmpty(const std::string& key) const {
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> member, Find(key));
  if (!member.has_value()) return std::string();
  return member->String();
}

absl::StatusOr<double> JsonReader::NumberAt(const std::string& key) const {
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader member, Member(key));
  return member.Number();
}

absl::StatusOr<double> JsonReader::NumberOr(const std::string& key, double fallback) const {
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> member, Find(key));
  if (!member.has_value()) return fallback;
  return member->Number();
}

void JsonReader::WarnUnknown(std::initializer_list<const char*> known) const {
  if (!value_->is_object()) return;
  for (const auto& item : value_->items()) {
    const bool read =
        std::any_of(known.begin(), known.end(), [&](const char* key) { return item.key() == key; });
    if (read) continue;
    warnings_->push_back(absl::StrFormat("%s: %skey \"%s\" is not known and not read", file_,
                                         path_.empty() ? "" : path_ + ": ", item.key()));
  }
}

}  // namespace parallax::client
