#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace parallax::server {

enum class LogFormat { kJson, kText };
enum class LogLevel { kInfo, kWarning, kError };

using LogField = std::pair<std::string_view, std::string>;

/// Sets how lines on stderr look from now on: one JSON object a line, or text for a terminal.
void SetLogFormat(LogFormat format);

/// Writes one line: time, level, event ("stream opened") and fields. Thread-safe.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);

/// The line that Log writes, without time and level, for the text format.
std::string FormatText(std::string_view event, std::initializer_list<LogField> fields);
/// The line that Log writes in the JSON format; always valid UTF-8 and one line.
std::string FormatJson(std::string_view time, std::string_view level, std::string_view event,
                       std::initializer_list<LogField> fields);

}  // namespace parallax::server
