#include "client/lib/csv.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/lib/batch_builder.h"
#include "client/lib/status.h"
#include "core/base/device_time.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr size_t kMaxRowsPerBatch = 2000;
constexpr size_t kMaxCellsPerBatch = 131072;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view Trim(std::string_view cell) {
  while (!cell.empty() && (cell.front() == ' ' || cell.front() == '\t')) cell.remove_prefix(1);
  while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\t')) cell.remove_suffix(1);
  return cell;
}

/// Takes the next line off `text`, without its end of line ("\n" or "\r\n").
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

/// Takes the next cell off `line`; `more` tells whether another one follows.
std::string_view TakeCell(std::string_view& line, bool& more) {
  const size_t comma = line.find(',');
  const std::string_view cell = line.substr(0, comma);
  more = comma != std::string_view::npos;
  line.remove_prefix(more ? comma + 1 : line.size());
  return Trim(cell);
}

/// The double whose bits strtod gives for the same text; false where it is not a number.
bool ParseValue(std::string_view cell, double& value) {
  const std::string_view digits = cell.front() == '+' ? cell.substr(1) : cell;
  if (digits.empty() || (digits.size() < cell.size() && digits.front() == '-')) return false;
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  if (result.ptr != end) return false;
  // Too large or too small for a double: strtod says to which infinity, subnormal or zero.
  if (result.ec == std::errc::result_out_of_range)
    value = std::strtod(std::string(digits).c_str(), nullptr);
  return result.ec != std::errc::invalid_argument;
}

std::string ProducerId(std::string_view text, absl::Duration span) {
  const std::string file = base::Sha256Hex(text);
  if (span == absl::InfiniteDuration()) return file;
  return base::Sha256Hex(
      absl::StrFormat("%s in batches of %d ns", file, absl::ToInt64Nanoseconds(span)));
}

class CsvParser {
 public:
  CsvParser(const std::string& path, const v1::Device& device, uint32_t first_channel_index,
            absl::Duration span)
      : path_(path), device_(device), first_channel_index_(first_channel_index), span_(span) {}

  absl::StatusOr<DeviceRecording> Parse(std::string_view text);

 private:
  absl::Status ParseHeader(std::string_view line);
  absl::Status ParseRow(std::string_view line, BatchBuilder& builder);
  absl::Status AddChannel(std::string_view name);
  const std::string& ChannelId(size_t column) const;
  absl::StatusOr<int64_t> ParseTime(std::string_view cell) const;
  absl::Status CellCountError(std::string_view line) const;
  absl::Status Empty(const char* said, const char* bound) const;
  absl::Status Error(size_t column, std::string_view value, const std::string& bound,
                     const std::string& next_step = "") const;

  const std::string& path_;
  const v1::Device& device_;
  const uint32_t first_channel_index_;
  const absl::Duration span_;
  size_t line_number_ = 0;
  std::vector<uint32_t> channel_index_;
  uint64_t samples_ = 0;
  std::optional<int64_t> first_row_unix_ns_;
  std::vector<bool> heard_;  ///< by column: whether any cell held a sample
};

/// @param column  counted from the first channel's.
const std::string& CsvParser::ChannelId(size_t column) const {
  return device_.channels(static_cast<int>(channel_index_[column] - first_channel_index_)).id();
}

absl::Status CsvParser::Error(size_t column, std::string_view value, const std::string& bound,
                              const std::string& next_step) const {
  std::string name = column == 0 ? "time_ns" : "";
  if (column > 0 && column <= channel_index_.size()) name = ChannelId(column - 1);
  v1::ErrorDetail detail;
  detail.set_field(absl::StrFormat("%s line %d, column %d%s", path_, line_number_, column + 1,
                                   name.empty() ? "" : " (" + name + ")"));
  detail.set_value(absl::StrFormat("\"%s\"", value.substr(0, 40)));
  detail.set_bound(bound);
  detail.set_next_step(next_step);
  return DetailedError(absl::StatusCode::kInvalidArgument, detail);
}

absl::Status CsvParser::AddChannel(std::string_view name) {
  const size_t column = channel_index_.size() + 1;
  std::vector<std::string> ids;
  for (const v1::Channel& channel : device_.channels()) ids.push_back(channel.id());
  const auto found = std::find(ids.begin(), ids.end(), name);
  if (found == ids.end()) {
    const std::string nearest = base::NearestName(name, ids);
    return Error(
        column, name,
        absl::StrFormat("a channel of device \"%s\": %s", device_.id(), absl::StrJoin(ids, ", ")),
        nearest.empty() ? "are the columns shifted?"
                        : absl::StrFormat("did you mean \"%s\"?", nearest));
  }
  const auto index = first_channel_index_ + static_cast<uint32_t>(found - ids.begin());
  const bool repeated =
      std::find(channel_index_.begin(), channel_index_.end(), index) != channel_index_.end();
  if (repeated) return Error(column, name, "named by one column only");
  channel_index_.push_back(index);
  return absl::OkStatus();
}

absl::Status CsvParser::ParseHeader(std::string_view line) {
  bool more = true;
  const std::string_view first = TakeCell(line, more);
  if (first != "time_ns") return Error(0, first, "\"time_ns\", the device's clock");
  while (more) PARALLAX_RETURN_IF_ERROR(AddChannel(TakeCell(line, more)));
  if (channel_index_.empty()) return Error(1, "", "at least one channel beside time_ns");
  heard_.assign(channel_index_.size(), false);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CsvParser::ParseTime(std::string_view cell) const {
  int64_t time_ns = 0;
  const char* const end = cell.data() + cell.size();
  const auto result = std::from_chars(cell.data(), end, time_ns);
  const bool whole = result.ec == std::errc() && result.ptr == end && !cell.empty();
  if (whole && base::IsDeviceTime(time_ns)) return time_ns;
  return Error(0, cell, "a whole number of nanoseconds since the Unix epoch, from 1980 to 2200",
               "are the columns shifted?");
}

absl::Status CsvParser::CellCountError(std::string_view line) const {
  v1::ErrorDetail detail;
  detail.set_field(absl::StrFormat("%s line %d", path_, line_number_));
  detail.set_value(absl::StrFormat("%d cells", 1 + std::count(line.begin(), line.end(), ',')));
  detail.set_bound(absl::StrFormat("%d, as many as the header has", 1 + channel_index_.size()));
  detail.set_next_step("are the columns shifted, or the file cut?");
  return DetailedError(absl::StatusCode::kInvalidArgument, detail);
}

absl::Status CsvParser::ParseRow(std::string_view line, BatchBuilder& builder) {
  const std::string_view whole = line;
  bool more = true;
  PARALLAX_ASSIGN_OR_RETURN(const int64_t time_ns, ParseTime(TakeCell(line, more)));
  if (!first_row_unix_ns_.has_value()) first_row_unix_ns_ = time_ns;
  builder.BeginRow(time_ns);
  for (size_t column = 0; column < channel_index_.size(); ++column) {
    if (!more) return CellCountError(whole);
    const std::string_view cell = TakeCell(line, more);
    if (cell.empty()) continue;
    double value = 0.0;
    if (!ParseValue(cell, value)) return Error(column + 1, cell, "a number, nan or empty");
    builder.Add(column, value);
    heard_[column] = true;
    ++samples_;
  }
  if (more) return CellCountError(whole);
  builder.EndRow();
  return absl::OkStatus();
}

absl::Status CsvParser::Empty(const char* said, const char* bound) const {
  return base::WithFieldError(absl::InvalidArgumentError(path_ + said),
                              {.field = path_,
                               .value = "empty",
                               .bound = bound,
                               .next_step = "export the recording again, or take the run out of "
                                            "the splits"});
}

absl::StatusOr<DeviceRecording> CsvParser::Parse(std::string_view text) {
  DeviceRecording recording;
  recording.producer_id = ProducerId(text, span_);
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (text.empty()) return Empty(": is empty, must have a header", "a header and rows");
  line_number_ = 1;
  PARALLAX_RETURN_IF_ERROR(ParseHeader(TakeLine(text)));
  BatchBuilder builder(channel_index_,
                       {.rows = RowsPerBatch(channel_index_.size()), .span = span_});
  size_t rows = 0;
  while (!text.empty()) {
    ++line_number_;
    const std::string_view line = TakeLine(text);
    // Blank lines may end a file; anywhere else they are rows with too few cells.
    if (line.empty() && text.find_first_not_of("\r\n") == std::string_view::npos) break;
    PARALLAX_RETURN_IF_ERROR(ParseRow(line, builder));
    ++rows;
  }
  if (rows == 0) {
    return Empty(": is empty below its header, must have rows", "rows below the header");
  }
  recording.samples = samples_;
  for (size_t column = 0; column < heard_.size(); ++column) {
    if (!heard_[column]) recording.silent.push_back(ChannelId(column));
  }
  recording.batches = builder.Finish();
  recording.first_row_unix_ns = first_row_unix_ns_.value_or(0);
  recording.measured = builder.measured();
  return recording;
}

}  // namespace

size_t RowsPerBatch(size_t channels) {
  return std::clamp<size_t>(kMaxCellsPerBatch / std::max<size_t>(channels, 1), 1, kMaxRowsPerBatch);
}

absl::StatusOr<DeviceRecording> ParseDeviceCsv(const std::string& path, std::string_view text,
                                               const v1::Device& device,
                                               uint32_t first_channel_index, absl::Duration span) {
  return CsvParser(path, device, first_channel_index, span).Parse(text);
}

}  // namespace parallax::client
