#pragma once

#include <string>
#include <vector>

namespace parallax::client {

/// Rows of text under named columns.
struct TextTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

/// Aligned columns, two spaces apart; numbers to the right, the last column not padded.
std::string FormatTable(const TextTable& table, const std::string& indent);

/// RFC 4180 with "\n" line ends.
std::string FormatCsv(const TextTable& table);

/// Breaks text into lines of at most `width` columns after `indent` (which every line gets).
std::string Wrap(const std::string& text, const std::string& indent, size_t width);

/// A figure with the given significant digits and without trailing zeros: "0.628", "21.2".
std::string Figure(double value, int digits);

}  // namespace parallax::client
