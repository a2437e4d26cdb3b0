#include "client/cli/since.h"

#include "absl/strings/str_format.h"
#include "client/cli/age.h"

namespace parallax::client {

void Since::AddTo(CLI::App& verb, std::string& text) {
  verb.add_option("--since", text, "only what is not older: 90m, 12h, 7d, or 2026-01-31T08:00:00Z")
      ->type_name("AGE");
}

absl::StatusOr<Since> Since::Parse(const std::string& text, absl::Time now) {
  if (text.empty()) return Since(absl::InfinitePast());
  absl::Duration age;
  if (ParseAge(text, &age) && age >= absl::ZeroDuration()) return Since(now - age);
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return Since(time);
  return absl::InvalidArgumentError(absl::StrFormat(
      "--since = \"%s\", must be an age like 90m, 12h or 7d, or a time like 2026-01-31T08:00:00Z",
      text));
}

bool Since::Includes(const google::protobuf::Timestamp& time) const {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()) >= first_;
}

}  // namespace parallax::client
