#include "tests/core/store/store_fixture.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/mutex.h"
#include "core/store/checked_vfs.h"
#include "tests/core/store/append_callback.h"

namespace parallax::store {
namespace {

double UnrulyValue(base::Random& random, uint64_t style) {
  switch (style) {
    case 0:
      return 21.35;
    case 1:
      return std::round(random.Normal() * 500.0) / 100.0;
    case 2:
      return random.Normal() * 1e-7;
    default:
      return random.Below(50) == 0 ? -0.0 : 1e300 * random.Normal();
  }
}

signal::ChannelColumn MakeUnrulyColumn(base::Random& random, uint32_t channel, uint64_t seq) {
  signal::ChannelColumn column;
  column.channel_index = channel;
  const uint64_t style = random.Below(4);
  const bool flagged = random.Below(3) == 0;
  int64_t time = kStartNs + static_cast<int64_t>(seq) * 1'000'000'000;
  for (uint64_t left = random.Below(40); left > 0; --left) {
    time += static_cast<int64_t>(random.Below(60'000'000)) - 10'000'000;  // also backwards
    if (random.Below(8) != 0)
      column.time_unix_ns.push_back(time);
    else
      column.time_unix_ns.push_back(kStartNs + static_cast<int64_t>(random.Below(5)));
    column.value.push_back(UnrulyValue(random, style));
    if (!flagged) continue;
    const bool bad = random.Below(4) == 0;
    column.quality.push_back(
        bad ? signal::Quality{signal::QualityLevel::kBad, signal::QualityReason::kOutOfRange}
            : signal::Quality{});
  }
  return column;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = ::testing::TempDir() + "parallax_store_XXXXXX";
  PARALLAX_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

signal::Rig MakeRig(size_t channels) {
  signal::Rig rig;
  rig.id = "r";
  rig.kind = "furnace";
  rig.geometry["length_m"] = 0.1;
  rig.devices.push_back({"d", {}});
  for (size_t i = 0; i < channels; ++i) {
    signal::Channel channel;
    channel.id = absl::StrFormat("c%d", i);
    channel.quantity = "temperature";
    channel.unit = "Cel";
    channel.range_low = -50;
    channel.range_high = 1500;
    channel.attributes["zone"] = 0.1 + static_cast<double>(i);
    rig.devices[0].channels.push_back(channel);
  }
  return rig;
}

signal::SampleBatch MakeBatch(uint64_t seq, size_t channels, size_t samples, int64_t start_ns) {
  signal::SampleBatch batch;
  batch.seq = seq;
  for (uint32_t c = 0; c < channels; ++c) {
    signal::ChannelColumn column;
    column.channel_index = c;
    base::Random random(seq, c);
    for (size_t i = 0; i < samples; ++i) {
      column.time_unix_ns.push_back(start_ns + static_cast<int64_t>(i) * 1'000'000);
      column.value.push_back(std::round((20.0 + c + 0.05 * random.Normal()) * 100) / 100);
    }
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

signal::SampleBatch MakeUnrulyBatch(uint64_t seed, uint64_t seq, size_t channels) {
  base::Random random(seed, seq);
  signal::SampleBatch batch;
  batch.seq = seq;
  for (uint32_t channel = 0; channel < channels; ++channel) {
    if (random.Below(5) == 0) continue;
    batch.columns.push_back(MakeUnrulyColumn(random, channel, seq));
  }
  return batch;
}

absl::StatusOr<AppendOutcome> Append(Store& store, int64_t stream, const signal::SampleBatch& batch,
                                     const signal::RejectCounts& rejected,
                                     int64_t received_unix_ns) {
  EncodedBatch encoded = EncodeBatch(batch, rejected);
  encoded.stream = stream;
  encoded.received_unix_ns = received_unix_ns;
  base::Mutex mutex;
  base::CondVar answered;
  std::optional<absl::StatusOr<AppendOutcome>> answer;
  const bool queued =
      store.TryAppend(encoded, Calling([&](const absl::StatusOr<AppendOutcome>& outcome) {
                        base::MutexLock lock(mutex);
                        answer = outcome;
                        answered.NotifyOne();
                      }));
  if (!queued) return absl::ResourceExhaustedError("the queue is full");
  base::MutexLock lock(mutex);
  while (!answer) answered.Wait(mutex);
  return *answer;
}

void DowngradeToVersion6(const std::string& directory) {
  SQLite::Database database(directory + "/parallax.db", SQLite::OPEN_READWRITE, 10'000,
                            CheckedVfs(""));
  database.exec(
      "ALTER TABLE batch RENAME TO keyed_batch;"
      "CREATE TABLE batch(stream INTEGER NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL,"
      "  t0 INTEGER NOT NULL, t1 INTEGER NOT NULL, checksum INTEGER NOT NULL, data BLOB NOT NULL,"
      "  received INTEGER NOT NULL DEFAULT 0, UNIQUE(stream, seq));"
      "INSERT INTO batch SELECT stream, seq, n, t0, t1, checksum, data, received FROM keyed_batch;"
      "DROP TABLE keyed_batch;"
      "DROP TABLE design; DROP TABLE model; DROP TABLE model_run;"
      "ALTER TABLE rig DROP COLUMN model_promotions;"
      "ALTER TABLE job DROP COLUMN design; ALTER TABLE job DROP COLUMN model;"
      "DROP TABLE retirement; DROP TABLE retired_channel;"
      "ALTER TABLE rig DROP COLUMN keep_samples; ALTER TABLE run DROP COLUMN close_time;"
      "ALTER TABLE ledger DROP COLUMN retired; ALTER TABLE stream DROP COLUMN first_received;"
      "ALTER TABLE stream DROP COLUMN last_received;"
      "UPDATE schema_version SET version = 6");
}

void DowngradeToVersion3(const std::string& directory) {
  DowngradeToVersion6(directory);
  SQLite::Database database(directory + "/parallax.db", SQLite::OPEN_READWRITE, 10'000,
                            CheckedVfs(""));
  database.exec(
      "DROP INDEX job_recalibration_waits; DROP INDEX job_recalibration_end; DROP TABLE promotion;"
      "ALTER TABLE job DROP COLUMN kind;"
      "ALTER TABLE rig DROP COLUMN recalibration; ALTER TABLE rig DROP COLUMN webhook_url;"
      "ALTER TABLE rig DROP COLUMN webhook_secret; ALTER TABLE rig DROP COLUMN promotions;"
      "ALTER TABLE parameter_set DROP COLUMN reason;"
      "ALTER TABLE parameter_set DROP COLUMN promoter;"
      "ALTER TABLE parameter_set DROP COLUMN promote_time;"
      "DROP INDEX chunk_head; DROP TABLE pyramid_page; CREATE TABLE pyramid(stream INTEGER);"
      "UPDATE schema_version SET version = 3");
}

void StoreTest::SetUp() {
  Reopen();
  RigRow rig;
  rig.rig = MakeRig(kChannels);
  rig.title = "Bench";
  rig.twin = "two_heater";
  ParameterSetRow assumptions;
  assumptions.state = "CURRENT";
  assumptions.bytes = "{\"U\":10}";
  ASSERT_TRUE(store_->CreateRig(rig, assumptions).ok());
  OpenRun("a");
}

void StoreTest::Reopen() {
  store_.reset();
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(
      {.directory = directory_.path(),
       .on_failed = [this](const absl::Status& status) { failures_.push_back(status); }},
      clock_);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  store_ = *std::move(store);
}

int64_t StoreTest::OpenStream(const std::string& run, const std::string& producer) {
  const absl::StatusOr<StreamState> state = store_->OpenStream({"r", run, producer, 1});
  EXPECT_TRUE(state.ok()) << state.status().ToString();
  return state.ok() ? state->stream : -1;
}

void StoreTest::OpenRun(const std::string& run) {
  signal::Run row;
  row.id = run;
  row.started_at_unix_ns = kStartNs;
  ASSERT_TRUE(store_->OpenRun("r", row).ok());
}

int StoreTest::Tamper(const std::string& sql) {
  SQLite::Database database(directory_.path() + "/parallax.db", SQLite::OPEN_READWRITE, 10'000,
                            CheckedVfs(""));
  return database.exec(sql);
}

signal::Series StoreTest::Series(const std::string& run, uint32_t channel) {
  absl::StatusOr<signal::Series> series = store_->ReadSeries("r", run, channel, {});
  EXPECT_TRUE(series.ok()) << series.status().ToString();
  return series.ok() ? *std::move(series) : signal::Series{};
}

void ExpectSameSeries(const signal::Series& actual, const signal::Series& expected) {
  EXPECT_EQ(actual.channel, expected.channel);
  EXPECT_EQ(actual.time_unix_ns, expected.time_unix_ns);
  EXPECT_EQ(actual.quality, expected.quality);
  ASSERT_EQ(actual.value.size(), expected.value.size());
  for (size_t i = 0; i < actual.value.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint64_t>(actual.value[i]), std::bit_cast<uint64_t>(expected.value[i]))
        << "sample " << i;
  }
}

}  // namespace parallax::store
