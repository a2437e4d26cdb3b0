#include "server/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace parallax::server {
namespace {

std::atomic<LogFormat> g_format{LogFormat::kText};

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>(
        "parallaxd", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum SpdLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

}  // namespace

void SetLogFormat(LogFormat format) { g_format = format; }

std::string FormatText(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.first).append("=");
    for (const char c : field.second) line.push_back(c == '\n' ? ' ' : c);
  }
  return line;
}

std::string FormatJson(std::string_view time, std::string_view level, std::string_view event,
                       std::initializer_list<LogField> fields) {
  nlohmann::ordered_json line = {
      {"time", std::string(time)}, {"level", std::string(level)}, {"event", std::string(event)}};
  for (const LogField& field : fields) line[std::string(field.first)] = field.second;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const std::string now =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  const std::string line =
      g_format == LogFormat::kJson
          ? FormatJson(now, LevelName(level), event, fields)
          : now + " " + std::string(LevelName(level)) + " " + FormatText(event, fields);
  Logger().log(SpdLevel(level), "{}", line);
}

}  // namespace parallax::server
