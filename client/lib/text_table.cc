#include "client/lib/text_table.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace parallax::client {
namespace {

constexpr size_t kGap = 2;

/// Columns that a UTF-8 text takes on a terminal, counting one a code point.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool IsNumber(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  const char* begin = cell.c_str() + (cell.starts_with("< ") ? 2 : 0);
  char* end = nullptr;
  std::strtod(begin, &end);
  return end == cell.c_str() + cell.size();
}

std::string CsvCell(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : ",") + CsvCell(cells[i]);
  return line + "\n";
}

struct Column {
  size_t width = 0;
  bool right = true;
};

std::string TableLine(const std::vector<std::string>& cells, const std::vector<Column>& columns,
                      const std::string& indent) {
  std::string line = indent;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(columns[i].width - Width(cells[i]), ' ');
    line += columns[i].right ? padding + cells[i] : cells[i] + padding;
    if (i + 1 < cells.size()) line += std::string(kGap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string FormatTable(const TextTable& table, const std::string& indent) {
  std::vector<Column> columns(table.columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i].width = Width(table.columns[i]);
    for (const std::vector<std::string>& row : table.rows) {
      columns[i].width = std::max(columns[i].width, Width(row[i]));
      columns[i].right = columns[i].right && IsNumber(row[i]);
    }
  }
  std::string text = TableLine(table.columns, columns, indent);
  for (const std::vector<std::string>& row : table.rows) text += TableLine(row, columns, indent);
  return text;
}

std::string FormatCsv(const TextTable& table) {
  std::string text = CsvLine(table.columns);
  for (const std::vector<std::string>& row : table.rows) text += CsvLine(row);
  return text;
}

std::string Wrap(const std::string& text, const std::string& indent, size_t width) {
  std::string wrapped;
  std::string line;
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  for (const std::string& word : words) {
    if (!line.empty() && Width(indent) + Width(line) + 1 + Width(word) > width) {
      wrapped += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return wrapped + indent + line + "\n";
}

std::string Figure(double value, int digits) { return absl::StrFormat("%.*g", digits, value); }

}  // namespace parallax::client
