#include "core/base/field_error.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace parallax::base {
namespace {

constexpr char kPayloadUrl[] = "parallax.base.FieldError";
constexpr size_t kMaxEchoedBytes = 64;
/// Stands between the four texts of the payload; Printable() lets none of it through.
constexpr char kSeparator = '\x1f';

std::string Printable(std::string_view text) {
  std::string printable(text);
  for (char& c : printable) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return printable;
}

std::string Echo(std::string_view text) {
  std::string echo = Printable(text.substr(0, kMaxEchoedBytes));
  if (text.size() > kMaxEchoedBytes) echo += absl::StrFormat("... (%u bytes)", text.size());
  return echo;
}

std::string QuotedUnlessNumber(const std::string& value) {
  double number = 0.0;
  const bool bare = value == "null" || absl::SimpleAtod(value, &number);
  return bare ? value : absl::StrFormat("\"%s\"", value);
}

/// `text` with the separator taken out, whatever else it holds.
std::string Cell(std::string text) {
  for (char& c : text) {
    if (c == kSeparator) c = '?';
  }
  return text;
}

void SetFieldError(const FieldError& error, absl::Status* status) {
  const std::array<std::string, 4> cells = {Cell(error.field), Cell(error.value), Cell(error.bound),
                                            Cell(error.next_step)};
  std::string payload = cells[0];
  for (size_t i = 1; i < cells.size(); ++i) payload += kSeparator + cells[i];
  status->SetPayload(kPayloadUrl, absl::Cord(payload));
}

}  // namespace

absl::Status FieldStatus(absl::StatusCode code, FieldError error, std::string_view said) {
  error.field = Echo(error.field);
  error.value = Echo(error.value);
  std::string text =
      absl::StrFormat("%s = %s, must be %s", said.empty() ? error.field : Printable(said),
                      QuotedUnlessNumber(error.value), error.bound);
  if (!error.next_step.empty()) text += "; " + error.next_step;
  absl::Status status(code, text);
  SetFieldError(error, &status);
  return status;
}

absl::Status InvalidField(FieldError error, std::string_view said) {
  return FieldStatus(absl::StatusCode::kInvalidArgument, std::move(error), said);
}

absl::Status WithFieldError(absl::Status status, const FieldError& error) {
  if (!status.ok() && !FieldErrorOf(status).has_value()) SetFieldError(error, &status);
  return status;
}

std::optional<FieldError> FieldErrorOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  const std::vector<std::string> cells = absl::StrSplit(std::string(*payload), kSeparator);
  return FieldError{cells.at(0), cells.at(1), cells.at(2), cells.at(3)};
}

absl::Status Within(absl::Status status, std::string_view path) {
  if (std::optional<FieldError> error = FieldErrorOf(status)) {
    const bool joined = error->field.empty() || error->field.front() == '[';
    error->field = absl::StrFormat("%s%s%s", path, joined ? "" : ".", error->field);
    SetFieldError(*error, &status);
  }
  return status;
}

absl::Status Annotate(const absl::Status& status, std::string_view where) {
  const std::string_view said(status.message().data(), status.message().size());
  if (status.ok() || said.substr(0, where.size()) == where) return status;
  absl::Status annotated(status.code(),
                         absl::StrFormat("%s: %s", where, std::string(status.message())));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

std::string Plain(const absl::Status& status) {
  return status.ToString(absl::StatusToStringMode::kWithNoExtraData);
}

}  // namespace parallax::base
