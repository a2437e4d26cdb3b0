// Opens a store whose files were altered after its process was killed. Of an altered write-ahead
// log the store must find a beginning, whole batches of it, and go on from there; of an altered
// database, whatever it does, it must tell.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/store/byte_io.h"
#include "core/store/sqlite_store.h"
#include "tests/core/store/store_fixture.h"
#include "tests/fuzz/answer.h"
#include "tests/fuzz/scratch.h"

namespace parallax::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kStoreChannels = 2;
constexpr size_t kRowsPerBatch = 3;
constexpr uint64_t kCheckpointed = 3;  ///< batches in the database
constexpr uint64_t kLogged = 6;        ///< those and the ones in the log
constexpr int kMostEdits = 64;

using Files = std::map<std::string, std::string>;

signal::SampleBatch BatchOf(uint64_t seq) {
  return MakeBatch(seq, kStoreChannels, kRowsPerBatch,
                   kStartNs + static_cast<int64_t>(seq) * 1'000'000'000);
}

Files ReadFiles(const std::string& folder) {
  Files files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    files[entry.path().filename().string()] = base::ReadFile(entry.path().string()).value();
  }
  return files;
}

void WriteFiles(const std::string& folder, const Files& files) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    fs::remove_all(entry.path());
  }
  for (const auto& [name, content] : files) {
    std::ofstream(folder + "/" + name, std::ios::binary) << content;
  }
}

/// Samples of channel 0 as text.
std::string SamplesText(const signal::Series& series) {
  std::string text;
  for (size_t i = 0; i < series.value.size(); ++i) {
    text += absl::StrFormat("%d %a\n", series.time_unix_ns[i], series.value[i]);
  }
  return text;
}

/// What batches 0 … `count` - 1 and then `last` must read as.
std::string ExpectedText(uint64_t count, const signal::SampleBatch& last) {
  std::string text;
  const auto add = [&text](const signal::SampleBatch& batch) {
    text += SamplesText(
        {.time_unix_ns = batch.columns[0].time_unix_ns, .value = batch.columns[0].value});
  };
  for (uint64_t seq = 0; seq < count; ++seq) add(BatchOf(seq));
  add(last);
  return text;
}

/// The files of a store whose process died: half of its batches in the log.
Files MakeRemains(const std::string& folder, const base::Clock& clock) {
  for (const uint64_t until : {kCheckpointed, kLogged}) {
    const std::unique_ptr<Store> store = OpenSqliteStore({.directory = folder}, clock).value();
    if (until == kCheckpointed) {
      PARALLAX_CHECK(
          store->CreateRig({.rig = MakeRig(kStoreChannels)}, {.state = "CURRENT", .bytes = "{}"})
              .ok());
      PARALLAX_CHECK(store->OpenRun("r", {.id = "a", .started_at_unix_ns = kStartNs}).ok());
    }
    const StreamState stream =
        store->OpenStream({.rig = "r", .run = "a", .producer_id = "p"}).value();
    for (uint64_t seq = stream.next_seq; seq < until; ++seq) {
      PARALLAX_CHECK(Append(*store, stream.stream, BatchOf(seq)).ok());
    }
    if (until == kLogged) return ReadFiles(folder);
  }
  return {};
}

/// The file whose name ends so.
std::string& FileOf(Files& files, std::string_view ending) {
  for (auto& [name, content] : files) {
    if (name.ends_with(ending)) return content;
  }
  PARALLAX_CHECK(false);
  return files.begin()->second;
}

/// Alters files as the input says: what:u8, where:u24, with:u8, and so on.
/// @return whether the database itself was altered.
bool Alter(ByteReader input, Files& files) {
  bool database_altered = false;
  for (int i = 0; i < kMostEdits; ++i) {
    uint8_t what = 0;
    std::string_view where;
    uint8_t with = 0;
    if (!input.ReadByte(&what) || !input.ReadView(3, &where) || !input.ReadByte(&with)) break;
    const bool database = what % 4 == 3;
    database_altered = database_altered || database;
    std::string& file = FileOf(files, database ? ".db" : "-wal");
    if (file.empty()) continue;
    size_t at = 0;
    for (const char c : where) at = at << 8 | static_cast<uint8_t>(c);
    at %= file.size();
    if (what % 4 == 1) {
      file.resize(at);
    } else if (what % 4 == 2) {
      file.insert(at, with, '\0');
    } else {
      file[at] = static_cast<char>(file[at] ^ (with == 0 ? 1 : with));
    }
  }
  return database_altered;
}

/// Everything that reads what is stored; what it answers is its own affair.
void ReadAll(Store& store) {
  (void)store.ListRigs({});
  (void)store.ListRuns("r", {});
  (void)store.ListRunStreams("r", "a");
  (void)store.ListParameterSets("r", {});
  (void)store.ListReports("r", {});
  (void)store.ListOpenJobs();
  (void)store.ReadRun("r", "a");
  (void)store.ReadBuckets("r", "a", 0, {}, 10);
  (void)store.CloseRun("r", "a");
  (void)store.Compact();
  (void)store.ReadRun("r", "a");
}

void CheckPrefix(Store& store, uint64_t salt) {
  const StreamState stream = store.OpenStream({.rig = "r", .run = "a", .producer_id = "p"}).value();
  PARALLAX_CHECK(stream.next_seq >= kCheckpointed && stream.next_seq <= kLogged);
  signal::SampleBatch last = BatchOf(stream.next_seq);
  last.columns[0].value[0] = static_cast<double>(salt % 1'000'000) / 100.0;
  PARALLAX_CHECK(Append(store, stream.stream, last).value().result == AppendResult::kCommitted);
  const signal::Series series = store.ReadSeries("r", "a", 0, {}).value();
  PARALLAX_CHECK(fuzz::Answer(SamplesText(series)) == ExpectedText(stream.next_seq, last));
}

}  // namespace
}  // namespace parallax::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace parallax::store;
  static const ManualClock clock;
  static const parallax::fuzz::Scratch scratch;
  static const Files remains = MakeRemains(scratch.path(), clock);
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  Files files = remains;
  const bool database_altered = Alter(ByteReader(input), files);
  WriteFiles(scratch.path(), files);
  const auto store = OpenSqliteStore({.directory = scratch.path()}, clock);
  if (!database_altered) {
    PARALLAX_CHECK(store.ok());
    CheckPrefix(**store, std::hash<std::string_view>()(input));
  } else if (store.ok()) {
    ReadAll(**store);
  }
  return 0;
}
