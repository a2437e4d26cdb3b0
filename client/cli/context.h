#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/environment.h"
#include "client/cli/settings.h"
#include "client/lib/client.h"
#include "client/lib/message_json.h"
#include "client/lib/text_table.h"

namespace parallax::client {

enum class Verbosity { kNormal, kQuiet };
enum class TimeZone { kLocal, kUtc };

/// What every verb works with: settings, the daemon, and where its words go.
class Context {
 public:
  Context(Environment& environment, Settings settings, absl::StatusOr<Credentials> credentials,
          Verbosity verbosity, TimeZone zone);

  const Settings& settings() const { return settings_; }
  Environment& environment() { return environment_; }
  /// What the settings name, read; an error only where a verb tells of it itself.
  const absl::StatusOr<Credentials>& credentials() const { return credentials_; }
  /// Connects with its first call. REQUIRES: credentials().ok()
  Client& client();

  /// Rows: as a table, as CSV, or as `json`.
  void Emit(const Json& json, const TextTable& table);
  /// A document: as `text`, as CSV lines of path and value, or as `json`.
  void EmitDocument(const Json& json, const std::string& text);

  /// A line for people, to stderr, unless quiet.
  void Note(const std::string& line);
  /// A line that replaces itself; only where both streams are terminals. Empty: cleared.
  void Progress(const std::string& line);
  /// An error: text, or one JSON object under -o json.
  void Error(const absl::Status& status, int exit_code);

  /// For tables: "2018-03-01 16:00:00 +0100", or in UTC as --utc asks; "-" where absent.
  std::string TimeText(const google::protobuf::Timestamp& time) const;

  /// Asks yes or no on a terminal. Errors: FailedPrecondition where nobody can answer or the answer
  /// is no; the text names --yes.
  absl::Status Confirm(const std::string& question);

 private:
  Environment& environment_;
  Settings settings_;
  absl::StatusOr<Credentials> credentials_;
  Verbosity verbosity_;
  TimeZone zone_;
  std::unique_ptr<Client> client_;
};

/// Writes an error to `environment.err` in the given format.
void WriteError(Environment& environment, OutputFormat format, const absl::Status& status,
                int exit_code);

}  // namespace parallax::client
