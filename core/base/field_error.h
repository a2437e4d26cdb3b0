#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace parallax::base {

/// What exactly is wrong with a request or a file, for programs; the message says it to people.
struct FieldError {
  std::string field;      ///< path of the offending thing: "segments[2].setpoints[feed_sp].value"
  std::string value;      ///< what was found there, as text
  std::string bound;      ///< what it must be, as text: ">= 0", "one of \"a\", \"b\""
  std::string next_step;  ///< what to do next: "did you mean \"Cel\"?"; may be empty
};

/// A status that says "SAID = VALUE, must be BOUND; NEXT_STEP" and carries `error` as payload.
/// Values but numbers and null stand in quotes. Field and value are cut to 64 bytes each, and what
/// is not printable ASCII becomes "?": an answer never echoes a huge request.
/// @param said  names the field to people, `segment "grow": feed_sp`; empty: the field's path.
absl::Status FieldStatus(absl::StatusCode code, FieldError error, std::string_view said = "");

/// FieldStatus of kInvalidArgument.
absl::Status InvalidField(FieldError error, std::string_view said = "");

/// Attaches `error` to a status that is not OK; one that is there already stays.
absl::Status WithFieldError(absl::Status status, const FieldError& error);

/// What a status carries, if anything.
std::optional<FieldError> FieldErrorOf(const absl::Status& status);

/// The same error seen from one level further out: its field is PATH.FIELD, PATH[KEY] where it is
/// an entry "[KEY]", or PATH where it is empty. Nothing changes where a status carries none.
absl::Status Within(absl::Status status, std::string_view path);

/// The same status with "WHERE: " before its message, which may begin with `where` already.
absl::Status Annotate(const absl::Status& status, std::string_view where);

/// "CODE: message", without payloads.
std::string Plain(const absl::Status& status);

}  // namespace parallax::base
