#include "client/cli/context.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/status.h"

namespace parallax::client {
namespace {

constexpr char kClearLine[] = "\r\x1b[K";

bool Coloured(const Environment& environment, bool is_terminal) {
  const std::optional<std::string> no_color = environment.variable("NO_COLOR");
  return is_terminal && !(no_color.has_value() && !no_color->empty());
}

Json ErrorJson(const absl::Status& status, int exit_code) {
  Json error;
  error["code"] = absl::StatusCodeToString(status.code());
  error["message"] = std::string(status.message());
  error["exit_code"] = exit_code;
  const std::optional<v1::ErrorDetail> detail = DetailOf(status);
  error["detail"] = detail.has_value() ? MessageToJson(*detail) : Json();
  return {{"error", error}};
}

/// "/verdict/kind" and its value, one line each.
TextTable Flatten(const Json& json) {
  TextTable table{{"path", "value"}, {}};
  const Json flat = json.flatten();
  for (const auto& item : flat.items()) {
    const Json& value = item.value();
    table.rows.push_back({item.key(), value.is_string() ? value.get<std::string>()
                                      : value.is_null() ? ""
                                                        : value.dump()});
  }
  return table;
}

}  // namespace

Context::Context(Environment& environment, Settings settings,
                 absl::StatusOr<Credentials> credentials, Verbosity verbosity, TimeZone zone)
    : environment_(environment),
      settings_(std::move(settings)),
      credentials_(std::move(credentials)),
      verbosity_(verbosity),
      zone_(zone) {}

Client& Context::client() {
  if (client_ == nullptr) {
    const ConnectionOptions options{
        .server = settings_.server, .timeout = settings_.timeout, .credentials = *credentials_};
    client_ = std::make_unique<Client>(OpenChannel(options), options.timeout);
  }
  return *client_;
}

void Context::Emit(const Json& json, const TextTable& table) {
  if (settings_.output == OutputFormat::kJson) {
    environment_.out << json.dump(2) << "\n";
  } else if (settings_.output == OutputFormat::kCsv) {
    environment_.out << FormatCsv(table);
  } else {
    const std::string text = FormatTable(table, "");
    const size_t head = text.find('\n');
    const bool bold = Coloured(environment_, environment_.out_is_terminal);
    environment_.out << (bold ? "\x1b[1m" : "") << text.substr(0, head) << (bold ? "\x1b[0m" : "")
                     << text.substr(head);
  }
}

void Context::EmitDocument(const Json& json, const std::string& text) {
  if (settings_.output == OutputFormat::kJson) {
    environment_.out << json.dump(2) << "\n";
  } else if (settings_.output == OutputFormat::kCsv) {
    environment_.out << FormatCsv(Flatten(json));
  } else {
    environment_.out << text;
  }
}

void Context::Note(const std::string& line) {
  if (verbosity_ == Verbosity::kNormal) environment_.err << line << "\n";
}

void Context::Progress(const std::string& line) {
  const bool shown = environment_.out_is_terminal && environment_.err_is_terminal;
  if (!shown || verbosity_ == Verbosity::kQuiet) return;
  environment_.err << kClearLine << line << std::flush;
}

void Context::Error(const absl::Status& status, int exit_code) {
  WriteError(environment_, settings_.output, status, exit_code);
}

std::string Context::TimeText(const google::protobuf::Timestamp& time) const {
  if (time.seconds() == 0 && time.nanos() == 0) return "-";
  const absl::Time point = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  if (zone_ == TimeZone::kUtc) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", point, absl::UTCTimeZone());
  }
  return absl::FormatTime("%Y-%m-%d %H:%M:%S %z", point, absl::LocalTimeZone());
}

absl::Status Context::Confirm(const std::string& question) {
  if (!environment_.in_is_terminal) {
    return absl::FailedPreconditionError(question + " Nobody to ask here; say --yes");
  }
  environment_.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(environment_.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return absl::OkStatus();
  return absl::FailedPreconditionError("not confirmed; --yes answers beforehand");
}

void WriteError(Environment& environment, OutputFormat format, const absl::Status& status,
                int exit_code) {
  if (format == OutputFormat::kJson) {
    environment.err << ErrorJson(status, exit_code).dump() << "\n";
    return;
  }
  const bool red = Coloured(environment, environment.err_is_terminal);
  std::string text(status.message());
  const std::optional<v1::ErrorDetail> detail = DetailOf(status);
  if (detail.has_value() && !detail->next_step().empty() &&
      text.find(detail->next_step()) == std::string::npos) {
    text += "; " + detail->next_step();
  }
  environment.err << (red ? "\x1b[31m" : "") << "error:" << (red ? "\x1b[0m" : "") << " " << text
                  << "\n";
}

}  // namespace parallax::client
