// Feeds sessions what a producer may send, in any order, over a real store. Whatever comes: every
// ledger is true, a batch is acked only when it is on disk, and on disk is what was accepted, once,
// in order and to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/store/batch_codec.h"
#include "core/store/sqlite_store.h"
#include "server/convert.h"
#include "server/names.h"
#include "server/session_registry.h"
#include "tests/fuzz/answer.h"
#include "tests/fuzz/fuzz_input.pb.h"
#include "tests/fuzz/message_target.h"
#include "tests/fuzz/scratch.h"
#include "tests/server/fake_clock.h"
#include "tests/server/rig_samples.h"
#include "tests/server/session_peer.h"

namespace parallax::server {
namespace {

constexpr int kInputsPerStore = 200;  ///< so that no store grows large
constexpr int kMostSteps = 64;
constexpr char kRunPrefix[] = "run-";
constexpr uint32_t kLongestSilenceS = 3600;

class Deaf final : public SessionObserver {
 public:
  void OnAcked(absl::Duration since_read) override {
    PARALLAX_CHECK(since_read >= absl::ZeroDuration());
  }
};

/// Two channels that take anything and two thermometers.
signal::Rig FuzzedBoard() {
  signal::Rig rig{.id = "board", .kind = "two_heater", .devices = {{.id = "board"}}};
  for (const char* id : {"Q1", "Q2", "T1", "T2"}) {
    const bool measured = id[0] == 'T';
    rig.devices[0].channels.push_back({.id = id,
                                       .quantity = measured ? "temperature" : "heater_power",
                                       .unit = measured ? "Cel" : "%",
                                       .range_low = measured ? -40.0 : -1e308,
                                       .range_high = measured ? 125.0 : 1e308});
  }
  return rig;
}

/// What sessions share in a daemon, with the rig "board".
class SessionBench {
 public:
  SessionBench() {
    PARALLAX_CHECK(disk->CreateRig({.rig = rig}, {.state = "CURRENT", .bytes = "{}"}).ok());
  }

  const signal::Rig rig = FuzzedBoard();
  const std::vector<signal::ChannelRef> channels = signal::ListChannels(rig);
  const std::string schema_hash = signal::SchemaHash(rig);
  fuzz::Scratch scratch;
  FakeClock clock;
  AppendGate gate;
  SessionRegistry registry{8, 8};
  ReadBudget budget{IngestOptions().read_limits()};
  StreamRequestPool requests{IngestOptions().max_kept_bytes};
  RunLedger totals;
  Deaf observer;
  SessionWorkers workers{1};
  const std::unique_ptr<store::Store> disk =
      store::OpenSqliteStore({.directory = scratch.path()}, clock).value();
  const IngestContext context{.store = *disk,
                              .clock = clock,
                              .workers = workers,
                              .gate = gate,
                              .registry = registry,
                              .budget = budget,
                              .requests = requests,
                              .totals = totals,
                              .observer = observer,
                              .options = {.credit = 4, .workers = 1}};
};

/// A stream as the store must hold it: the batches of one producer and epoch, in order of seq.
struct ExpectedStream {
  store::StreamKey key;
  std::vector<signal::SampleBatch> stored;
};

/// Plays the producers of one run and knows what must become of what they send.
class Player {
 public:
  Player(SessionBench& bench, const std::string& run) : bench_(bench), run_(run) {
    PARALLAX_CHECK(bench_.disk->OpenRun("board", {.id = run, .started_at_unix_ns = 1}).ok());
  }

  void Take(const fuzz::SessionStep& step) {
    switch (step.step_case()) {
      case fuzz::SessionStep::kSend:
        return Send(step.send());
      case fuzz::SessionStep::kHalfClose:
        return HalfClose();
      case fuzz::SessionStep::kHangUp:
        certain_ = false;
        return End();
      case fuzz::SessionStep::kSilence:
        return KeepSilent(std::min(step.silence().seconds(), kLongestSilenceS));
      case fuzz::SessionStep::STEP_NOT_SET:
        return;
    }
  }

  /// The producers leave; then the run must hold what they were promised.
  void Finish() {
    HalfClose();
    CheckLedger();
    for (const signal::ChannelRef& channel : bench_.channels) CheckSeries(channel.index);
  }

 private:
  void Send(v1::StreamRequest request) {
    if (peer_ == nullptr) return Open(std::move(request));
    Judge(request);
    peer_->Send(std::move(request));
  }

  void Open(v1::StreamRequest request) {
    peer_ = std::make_unique<SessionPeer>(bench_.context);
    certain_ = true;
    acked_ = 0;
    if (request.has_hello()) {
      v1::Hello& hello = *request.mutable_hello();
      // Of the runs of this store, this input's alone.
      if (hello.run().empty() || absl::StartsWith(hello.run(), RunNameOf("board", kRunPrefix))) {
        hello.set_run(RunNameOf("board", run_));
      }
      if (hello.schema_hash().empty()) hello.set_schema_hash(bench_.schema_hash);
    }
    const v1::Welcome welcome = peer_->Open(request);
    if (!welcome.has_server_time()) return;  // refused, or no Hello
    PARALLAX_CHECK(request.hello().run() == RunNameOf("board", run_));
    PARALLAX_CHECK(request.hello().schema_hash() == bench_.schema_hash);
    for (const auto& stream : streams_) {
      const bool ours = stream->key.producer_id == request.hello().producer_id();
      PARALLAX_CHECK(!ours || stream->key.epoch <= request.hello().epoch());
    }
    stream_ = &StreamOf(request.hello());
    PARALLAX_CHECK(welcome.resume_from_seq() == stream_->stored.size());
    takes_ = true;
  }

  ExpectedStream& StreamOf(const v1::Hello& hello) {
    for (const auto& stream : streams_) {
      if (stream->key.producer_id == hello.producer_id() && stream->key.epoch == hello.epoch()) {
        return *stream;
      }
    }
    streams_.push_back(std::make_unique<ExpectedStream>());
    streams_.back()->key = {"board", run_, hello.producer_id(), hello.epoch()};
    return *streams_.back();
  }

  /// What the session will do with a message of a stream that was welcomed.
  void Judge(const v1::StreamRequest& request) {
    if (stream_ == nullptr || !takes_) return;
    takes_ = false;
    if (!request.has_batch()) return;
    const uint64_t seq = request.batch().seq();
    const uint64_t expected = stream_->stored.size() + offered_.size();
    if (seq > expected) return;
    absl::StatusOr<signal::SampleBatch> batch = BatchFromProto(request.batch());
    signal::RejectCounts rejects;
    if (!batch.ok() || !signal::AdmitBatch(bench_.channels, &*batch, &rejects).ok()) return;
    takes_ = true;
    Offered offered{*std::move(batch), rejects};
    if (seq == expected) {
      offered_.push_back(std::move(offered));
      return;
    }
    // Of a batch that is on disk with other content the session hears from the store, by when it
    // may have passed on more.
    const uint64_t checksum = store::EncodeBatch(offered.batch, rejects).checksum;
    if (checksum != ChecksumOf(seq)) certain_ = false;
  }

  uint64_t ChecksumOf(uint64_t seq) const {
    const size_t before = stream_->stored.size();
    if (seq < before) return checksums_.at({stream_, seq});
    const Offered& offered = offered_[seq - before];
    return store::EncodeBatch(offered.batch, offered.rejects).checksum;
  }

  void HalfClose() {
    if (peer_ == nullptr) return;
    peer_->HalfClose();
    End();
  }

  void KeepSilent(uint32_t seconds) {
    bench_.clock.Advance(absl::Seconds(seconds));
    certain_ = false;
    bench_.registry.ExpireIdle(bench_.clock.Now(), bench_.context.options.idle_timeout);
  }

  void ReadAcks() {
    while (const std::optional<v1::StreamResponse> response = peer_->Read()) {
      PARALLAX_CHECK(response->has_ack());
      PARALLAX_CHECK(LedgerError(response->ack().ledger()) == 0);
      PARALLAX_CHECK(response->ack().seq() + 1 >= acked_);
      acked_ = response->ack().seq() + 1;
    }
  }

  /// The stream ends; what it left on disk is from now on expected there.
  void End() {
    if (peer_ == nullptr) return;
    if (!certain_) peer_->HangUp();
    const absl::Status status = peer_->Finish();
    ReadAcks();
    peer_.reset();
    if (stream_ != nullptr) Settle(certain_ ? takes_ == status.ok() : true);
    stream_ = nullptr;
    takes_ = false;
    offered_.clear();
  }

  void Settle(bool ended_as_expected) {
    PARALLAX_CHECK(ended_as_expected);
    const uint64_t next_seq = bench_.disk->OpenStream(stream_->key).value().next_seq;
    // Of a batch that was committed together with this question the session is told after it, but
    // before the next.
    PARALLAX_CHECK(bench_.disk->OpenStream(stream_->key).ok());
    const uint64_t before = stream_->stored.size();
    PARALLAX_CHECK(next_seq >= before && next_seq <= before + offered_.size());
    PARALLAX_CHECK(acked_ <= next_seq);
    if (certain_) PARALLAX_CHECK(next_seq == before + offered_.size());
    for (uint64_t i = 0; i < next_seq - before; ++i) {
      Offered& offered = offered_[i];
      checksums_[{stream_, before + i}] =
          store::EncodeBatch(offered.batch, offered.rejects).checksum;
      stream_->stored.push_back(std::move(offered.batch));
    }
  }

  void CheckLedger() {
    uint64_t samples = 0;
    for (const auto& stream : streams_) {
      for (const signal::SampleBatch& batch : stream->stored) samples += batch.SampleCount();
    }
    PARALLAX_CHECK(bench_.disk->GetRun("board", run_).value().ledger.stored == samples);
    PARALLAX_CHECK(bench_.totals.Snapshot().queued == 0);
  }

  void CheckSeries(uint32_t channel) {
    std::string expected;
    for (const auto& stream : streams_) {
      for (const signal::SampleBatch& batch : stream->stored) {
        for (const signal::ChannelColumn& column : batch.columns) {
          if (column.channel_index != channel) continue;
          expected += Text(column.time_unix_ns, column.value, column.quality);
        }
      }
    }
    const signal::Series series = bench_.disk->ReadSeries("board", run_, channel, {}).value();
    PARALLAX_CHECK(fuzz::Answer(Text(series.time_unix_ns, series.value, series.quality)) ==
                   expected);
  }

  static std::string Text(const std::vector<int64_t>& time_unix_ns,
                          const std::vector<double>& value,
                          const std::vector<signal::Quality>& quality) {
    std::string text;
    for (size_t i = 0; i < value.size(); ++i) {
      const signal::Quality flag = quality.empty() ? signal::Quality{} : quality[i];
      text += absl::StrFormat("%d %a %d\n", time_unix_ns[i], value[i], signal::PackQuality(flag));
    }
    return text;
  }

  /// A batch that the session accepts, and what it takes out of it.
  struct Offered {
    signal::SampleBatch batch;
    signal::RejectCounts rejects;
  };

  SessionBench& bench_;
  const std::string run_;
  std::vector<std::unique_ptr<ExpectedStream>> streams_;  ///< in order of their first Hello
  std::map<std::pair<const ExpectedStream*, uint64_t>, uint64_t> checksums_;

  // Of the stream that is open.
  std::unique_ptr<SessionPeer> peer_;
  ExpectedStream* stream_ = nullptr;  ///< null until it is welcomed
  std::vector<Offered> offered_;      ///< that follow on those that are stored
  bool takes_ = false;                ///< no message so far ends the stream
  bool certain_ = true;               ///< every batch offered will be stored
  uint64_t acked_ = 0;                ///< all below are
};

void Play(const fuzz::SessionInput& input) {
  static std::unique_ptr<SessionBench> bench;
  static int inputs = 0;
  if (inputs % kInputsPerStore == 0) {
    bench.reset();
    bench = std::make_unique<SessionBench>();
  }
  Player player(*bench, absl::StrFormat("%s%d", kRunPrefix, inputs++));
  for (int i = 0; i < std::min(input.steps_size(), kMostSteps); ++i) player.Take(input.steps(i));
  player.Finish();
  PARALLAX_CHECK(bench->registry.WaitUntilEmpty(absl::Seconds(60)));
}

}  // namespace
}  // namespace parallax::server

namespace parallax::fuzz {

std::unique_ptr<google::protobuf::Message> NewInput() {
  // The rules of StreamSink, which SessionPeer expects to be kept.
  GTEST_FLAG_SET(break_on_failure, true);
  return std::make_unique<SessionInput>();
}

void TestInput(const google::protobuf::Message& input) {
  server::Play(dynamic_cast<const SessionInput&>(input));
}

}  // namespace parallax::fuzz
