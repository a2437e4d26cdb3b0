// Bytes a sample after compaction, lossless. Of every recording under the folders named (CSV files
// whose first column is time_ns, or a time as "2013-07-04 00:00:00"), what its chunks take; of
// thermocouples with a quantum of 0.01 K and σ = 0.05 K, also what a whole store takes that took
// them in and compacted them. Exits with 1 where a bit does not come back, the thermocouples take
// more than a byte or a folder is not there.
#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/random.h"
#include "core/store/batch_codec.h"
#include "core/store/chunk_codec.h"
#include "core/store/sqlite_store.h"
#include "tests/benchmark/goal_row.h"

namespace parallax::store {
namespace {

namespace fs = std::filesystem;

constexpr double kAskedBytes = 1.0;
constexpr size_t kStoreChannels = 4;
constexpr size_t kBatchRows = 1000;
constexpr int64_t kBeginUnixNs = 1'700'000'000'000'000'000;

struct Size {
  uint64_t samples = 0;
  uint64_t value_bytes = 0;
  uint64_t bytes = 0;  ///< of chunks: values, times and quality
};

bool SameBits(const SampleColumn& a, const SampleColumn& b) {
  return a.time_unix_ns == b.time_unix_ns &&
         std::equal(a.value.begin(), a.value.end(), b.value.begin(), b.value.end(),
                    [](double x, double y) {
                      return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
                    });
}

/// Adds what the chunks of a column take. False where they do not give it back.
bool AddColumn(const SampleColumn& column, Size* size) {
  for (size_t begin = 0; begin < column.value.size(); begin += kChunkSamples) {
    const size_t end = std::min(column.value.size(), begin + kChunkSamples);
    SampleColumn part;
    part.time_unix_ns.assign(&column.time_unix_ns[begin],
                             &column.time_unix_ns[begin] + end - begin);
    part.value.assign(&column.value[begin], &column.value[begin] + end - begin);
    const EncodedChunk chunk = EncodeChunk(part);
    const absl::StatusOr<SampleColumn> back = DecodeChunk(chunk.data);
    if (!back.ok() || !SameBits(*back, part)) return false;
    size->samples += chunk.samples;
    size->value_bytes += chunk.value_bytes;
    size->bytes += chunk.data.size();
  }
  return true;
}

void Print(const std::string& recording, const std::string& channel, const Size& size) {
  const auto samples = static_cast<double>(size.samples);
  std::printf("%-44s %-16s %9llu %8.3f %8.3f\n", recording.c_str(), channel.c_str(),
              static_cast<unsigned long long>(size.samples),
              static_cast<double>(size.value_bytes) / samples,
              static_cast<double>(size.bytes) / samples);
}

bool ParseCellTime(std::string_view cell, int64_t* time_unix_ns) {
  const char* const end = cell.data() + cell.size();
  const auto whole = std::from_chars(cell.data(), end, *time_unix_ns);
  if (whole.ec == std::errc() && whole.ptr == end) return true;
  absl::Time time;
  const std::string text(cell);
  if (!absl::ParseTime("%Y-%m-%d %H:%M:%E*S", text, &time, nullptr)) return false;
  *time_unix_ns = absl::ToUnixNanos(time);
  return true;
}

/// The columns of a CSV file by name; none where it is no recording. Cells without a number give no
/// sample.
std::map<std::string, SampleColumn> ReadColumns(const fs::path& path) {
  const std::string text = base::ReadFile(path.string()).value();
  std::vector<std::string> names;
  std::map<std::string, SampleColumn> columns;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> cells = absl::StrSplit(absl::StripSuffix(line, "\r"), ',');
    if (names.empty()) {
      names = cells;
      const bool recording =
          names[0] == "time_ns" || names[0] == "timestamp" || names[0] == "Timestamp";
      if (!recording) return {};
      continue;
    }
    int64_t time_unix_ns = 0;
    if (!ParseCellTime(cells[0], &time_unix_ns)) continue;
    for (size_t i = 1; i < std::min(cells.size(), names.size()); ++i) {
      double value = 0.0;
      if (!absl::SimpleAtod(cells[i], &value) || !std::isfinite(value)) continue;
      columns[names[i]].time_unix_ns.push_back(time_unix_ns);
      columns[names[i]].value.push_back(value);
    }
  }
  return columns;
}

/// A campaign for the files of its runs, the file itself for any other.
std::string RecordingOf(const fs::path& root, const fs::path& path) {
  const std::string name = fs::relative(path, root.parent_path()).string();
  return name.substr(0, name.find("/runs/"));
}

bool PrintRecordings(const fs::path& root) {
  std::map<std::pair<std::string, std::string>, Size> sizes;
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".csv") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  bool lossless = true;
  for (const fs::path& path : paths) {
    for (const auto& [name, column] : ReadColumns(path)) {
      lossless = AddColumn(column, &sizes[{RecordingOf(root, path), name}]) && lossless;
    }
  }
  for (const auto& [key, size] : sizes) Print(key.first, key.second, size);
  if (!lossless) std::printf("%s: values did not come back\n", root.c_str());
  return lossless;
}

/// Channel `channel` of the thermocouples: drift of a furnace, σ = 0.05 K, a quantum of 0.01 K, 10
/// Hz.
SampleColumn Thermocouple(size_t samples, uint64_t channel) {
  base::Random random(5, channel);
  SampleColumn column;
  for (size_t i = 0; i < samples; ++i) {
    const double drift = 300.0 + 20.0 * std::sin(static_cast<double>(i) * 1e-4);
    column.time_unix_ns.push_back(kBeginUnixNs + static_cast<int64_t>(i) * 100'000'000);
    column.value.push_back(std::round((drift + 0.05 * random.Normal()) * 100.0) / 100.0);
  }
  return column;
}

signal::Rig ThermocoupleRig() {
  signal::Rig rig{.id = "rig", .kind = "hot_wall", .devices = {{.id = "tc"}}};
  for (size_t c = 0; c < kStoreChannels; ++c) {
    rig.devices[0].channels.push_back({.id = absl::StrFormat("t%u", c),
                                       .quantity = "temperature",
                                       .unit = "K",
                                       .resolution = 0.01,
                                       .range_high = 2000.0});
  }
  return rig;
}

/// Appends all columns in batches of kBatchRows rows.
void Fill(Store& store, const std::vector<SampleColumn>& columns) {
  const int64_t stream =
      store.OpenStream({.rig = "rig", .run = "run", .producer_id = "p"}).value().stream;
  const size_t rows = columns[0].value.size();
  for (size_t begin = 0; begin < rows; begin += kBatchRows) {
    const auto end = static_cast<std::ptrdiff_t>(std::min(rows, begin + kBatchRows));
    const auto from = static_cast<std::ptrdiff_t>(begin);
    signal::SampleBatch batch{.seq = begin / kBatchRows};
    for (uint32_t c = 0; c < columns.size(); ++c) {
      const SampleColumn& column = columns[c];
      batch.columns.push_back(
          {.channel_index = c,
           .time_unix_ns = {column.time_unix_ns.begin() + from, column.time_unix_ns.begin() + end},
           .value = {column.value.begin() + from, column.value.begin() + end}});
    }
    EncodedBatch encoded = EncodeBatch(batch, {});
    encoded.stream = stream;
    while (!store.TryAppend(encoded, nullptr)) (void)store.ListRigs({});
  }
  PARALLAX_CHECK(store.CloseRun("rig", "run").ok());
  while (store.Compact().value() > 0) {
  }
}

/// Bytes of the pages of a closed database that hold something.
uint64_t UsedBytes(const std::string& path) {
  sqlite3* database = nullptr;
  PARALLAX_CHECK(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  const auto pragma = [database](const char* sql) {
    sqlite3_stmt* statement = nullptr;
    PARALLAX_CHECK(sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK);
    PARALLAX_CHECK(sqlite3_step(statement) == SQLITE_ROW);
    const auto value = static_cast<uint64_t>(sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    return value;
  };
  const uint64_t bytes =
      (pragma("PRAGMA page_count") - pragma("PRAGMA freelist_count")) * pragma("PRAGMA page_size");
  sqlite3_close(database);
  return bytes;
}

bool PrintThermocouples(size_t rows) {
  std::vector<SampleColumn> columns;
  Size size;
  bool lossless = true;
  for (size_t c = 0; c < kStoreChannels; ++c) {
    columns.push_back(Thermocouple(rows, c));
    lossless = AddColumn(columns.back(), &size) && lossless;
  }
  Print("thermocouples, 0.01 K, sd 0.05 K", "their chunks", size);

  std::string folder = fs::temp_directory_path() / "parallax_size_XXXXXX";
  PARALLAX_CHECK(mkdtemp(folder.data()) != nullptr);
  {
    const base::SystemClock clock;
    const std::unique_ptr<Store> store = OpenSqliteStore({.directory = folder}, clock).value();
    PARALLAX_CHECK(
        store->CreateRig({.rig = ThermocoupleRig()}, {.state = "CURRENT", .bytes = "{}"}).ok());
    PARALLAX_CHECK(store->OpenRun("rig", {.id = "run", .started_at_unix_ns = kBeginUnixNs}).ok());
    Fill(*store, columns);
    for (uint32_t c = 0; c < kStoreChannels; ++c) {
      const signal::Series series = store->ReadSeries("rig", "run", c, {}).value();
      lossless = SameBits({series.time_unix_ns, series.value, {}}, columns[c]) && lossless;
    }
  }
  const uint64_t bytes = UsedBytes(folder + "/parallax.db");
  fs::remove_all(folder);
  Print("thermocouples, 0.01 K, sd 0.05 K", "the whole store",
        {size.samples, size.value_bytes, bytes});
  const double a_sample = static_cast<double>(bytes) / static_cast<double>(size.samples);
  const bool held = lossless && a_sample <= kAskedBytes;
  benchmarks::PrintRow({.what = "stored size after compaction, 0.01 K thermocouples, sd 0.05 K",
                        .figure = absl::StrFormat("%.3f bytes a sample, %s", a_sample,
                                                  lossless ? "lossless" : "NOT LOSSLESS"),
                        .goal = absl::StrFormat("<= %.1f bytes a sample, lossless", kAskedBytes),
                        .reference = "",
                        .held = held});
  return held;
}

}  // namespace
}  // namespace parallax::store

int main(int argc, char** argv) {
  std::vector<std::string> folders;
  size_t rows = 1'000'000;
  CLI::App app("Bytes a sample after compaction");
  app.add_option("--rows", rows, "of the thermocouples; there are four");
  app.add_option("FOLDER", folders, "recordings; those of tests/data where none is named");
  CLI11_PARSE(app, argc, argv);
  if (folders.empty()) folders.emplace_back(PARALLAX_TEST_DATA);
  for (const std::string& folder : folders) {
    std::error_code none;
    if (std::filesystem::is_directory(folder, none)) continue;
    std::fprintf(stderr, "%s: no folder that can be read\n", folder.c_str());
    return 1;
  }
  std::printf("%-44s %-16s %9s %8s %8s\n", "recording", "channel", "samples", "values", "all");
  bool held = true;
  for (const std::string& folder : folders) held = parallax::store::PrintRecordings(folder) && held;
  held = parallax::store::PrintThermocouples(rows) && held;
  return held ? 0 : 1;
}
