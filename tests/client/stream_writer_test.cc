#include "client/lib/stream_writer.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <set>

#include "client/lib/pace.h"
#include "parallax/v1/ingest.grpc.pb.h"

namespace parallax::client {
namespace {

using ::testing::HasSubstr;

/// Keeps batches like the daemon: in memory, contiguous, acked one by one. A connection can be told
/// to break after some batches, with or without having kept the last one.
class FakeIngest final : public v1::IngestService::Service {
 public:
  grpc::Status Stream(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamResponse, v1::StreamRequest>* stream) override {
    v1::StreamRequest request;
    if (!stream->Read(&request) || !request.has_hello()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "no hello"};
    }
    base::MutexLock lock(mutex_);
    ++connections_;
    if (refusals_ > 0) {
      --refusals_;
      return refusal_;
    }
    v1::StreamResponse welcome;
    welcome.mutable_welcome()->set_resume_from_seq(forget_ ? 0 : stored_.size());
    welcome.mutable_welcome()->set_credit(3);
    stream->Write(welcome);
    v1::Ledger ledger;
    int until_break = break_every_;
    while (stream->Read(&request)) {
      const uint64_t seq = request.batch().seq();
      if (seq > stored_.size()) return {grpc::StatusCode::OUT_OF_RANGE, "gap"};
      const bool duplicate = seq < stored_.size();
      if (!duplicate) stored_.push_back(seq);
      duplicate ? ledger.set_duplicate(ledger.duplicate() + 1)
                : ledger.set_stored(ledger.stored() + 1);
      ledger.set_received(ledger.received() + 1);
      if (break_every_ > 0 && --until_break == 0) return {grpc::StatusCode::UNAVAILABLE, "gone"};
      v1::StreamResponse ack;
      ack.mutable_ack()->set_seq(seq);
      *ack.mutable_ack()->mutable_ledger() = ledger;
      stream->Write(ack);
    }
    return grpc::Status::OK;
  }

  std::vector<uint64_t> stored() {
    base::MutexLock lock(mutex_);
    return stored_;
  }
  int connections() {
    base::MutexLock lock(mutex_);
    return connections_;
  }
  /// The next connections end with this status.
  void Refuse(int times, grpc::Status status) {
    base::MutexLock lock(mutex_);
    refusals_ = times;
    refusal_ = std::move(status);
  }
  void BreakEvery(int batches) {
    base::MutexLock lock(mutex_);
    break_every_ = batches;
  }
  void Forget() {
    base::MutexLock lock(mutex_);
    forget_ = true;
  }

 private:
  base::Mutex mutex_;
  std::vector<uint64_t> stored_ ABSL_GUARDED_BY(mutex_);
  int connections_ ABSL_GUARDED_BY(mutex_) = 0;
  int refusals_ ABSL_GUARDED_BY(mutex_) = 0;
  int break_every_ ABSL_GUARDED_BY(mutex_) = 0;
  bool forget_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status refusal_ ABSL_GUARDED_BY(mutex_);
};

class RecordingSleeper final : public Sleeper {
 public:
  void Sleep(absl::Duration duration) override {
    base::MutexLock lock(mutex_);
    waits_.push_back(duration);
  }
  std::vector<absl::Duration> waits() {
    base::MutexLock lock(mutex_);
    return waits_;
  }

 private:
  base::Mutex mutex_;
  std::vector<absl::Duration> waits_ ABSL_GUARDED_BY(mutex_);
};

class StreamWriterTest : public ::testing::Test {
 public:
  ~StreamWriterTest() override { server_->Shutdown(); }

 protected:
  StreamWriterTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&fake_);
    server_ = builder.BuildAndStart();
    channel_ = server_->InProcessChannel(grpc::ChannelArguments());
  }

  StreamOptions Options() {
    StreamOptions options;
    options.hello.set_run("rigs/r/runs/a");
    options.hello.set_producer_id("p");
    options.max_unacked = 4;
    return options;
  }
  /// Sends batches 0 … count − 1 through a new writer.
  absl::StatusOr<StreamSummary> Send(uint64_t count, const StreamOptions& options) {
    StreamWriter writer(channel_, options, clock_, sleeper_);
    for (uint64_t seq = 0; seq < count; ++seq) {
      v1::SampleBatch batch;
      batch.set_seq(seq);
      if (const absl::Status status = writer.Write(batch); !status.ok()) return status;
    }
    return writer.Finish();
  }
  std::vector<uint64_t> UpTo(uint64_t count) {
    std::vector<uint64_t> numbers;
    for (uint64_t seq = 0; seq < count; ++seq) numbers.push_back(seq);
    return numbers;
  }

  FakeIngest fake_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  base::SystemClock clock_;
  RecordingSleeper sleeper_;
};

TEST_F(StreamWriterTest, EveryBatchIsAckedOnceOnAQuietLink) {
  const auto summary = Send(50, Options());
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->acked_batches, 50U);
  EXPECT_EQ(summary->skipped_batches, 0U);
  EXPECT_EQ(summary->connections, 1);
  EXPECT_EQ(summary->ledger.stored(), 50U);
  EXPECT_EQ(fake_.stored(), UpTo(50));
}

/// A clock that nothing but sleep moves.
class SleptClock final : public base::Clock, public Sleeper {
 public:
  absl::Time Now() const override {
    base::MutexLock lock(mutex_);
    return now_;
  }
  void Sleep(absl::Duration duration) override {
    base::MutexLock lock(mutex_);
    now_ += duration;
  }

 private:
  mutable base::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'520'000'000);
};

TEST_F(StreamWriterTest, ARunThatIsPacedIsSentBatchByBatchAsItIsDue) {
  constexpr int kBatches = 40;
  SleptClock clock;
  const absl::Time begin = clock.Now();
  RecordedRun run;
  run.open.mutable_run()->mutable_start_time()->set_seconds(absl::ToUnixSeconds(begin));
  run.devices.resize(1);
  run.devices[0].first_row_unix_ns = absl::ToUnixNanos(begin + absl::Seconds(10));
  for (int i = 0; i < kBatches; ++i) {
    run.devices[0].batches.emplace_back().set_seq(static_cast<uint64_t>(i));
    run.devices[0].measured.push_back(absl::Seconds(i));
  }
  std::vector<absl::Duration> sent;
  const auto summaries = StreamPaced(run, 20.0, {Options()}, channel_, clock, clock,
                                     [&](const DueBatch&) { sent.push_back(clock.Now() - begin); });
  ASSERT_TRUE(summaries.ok()) << summaries.status();
  ASSERT_EQ(summaries->size(), 1U);
  EXPECT_EQ(summaries->front().acked_batches, static_cast<uint64_t>(kBatches));
  EXPECT_EQ(fake_.stored(), UpTo(kBatches));
  ASSERT_EQ(sent.size(), static_cast<size_t>(kBatches));
  for (int i = 0; i < kBatches; ++i) {
    EXPECT_EQ(sent[static_cast<size_t>(i)], absl::Milliseconds(500 + 50 * i)) << i;
  }
}

TEST_F(StreamWriterTest, NothingToSendNeedsNoConnection) {
  const auto summary = Send(0, Options());
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(fake_.connections(), 0);
}

TEST_F(StreamWriterTest, BrokenLinkIsResumedWithoutLossOrRepetition) {
  for (int every = 1; every <= 7; ++every) {
    SCOPED_TRACE(every);
    FakeIngest fresh;
    grpc::ServerBuilder builder;
    builder.RegisterService(&fresh);
    const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    channel_ = server->InProcessChannel(grpc::ChannelArguments());
    fresh.BreakEvery(every);
    StreamOptions options = Options();
    options.max_attempts = 1000;  // with 1, a break comes before every ack
    const auto summary = Send(20, options);
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(fresh.stored(), UpTo(20));
    EXPECT_EQ(summary->acked_batches + summary->skipped_batches, 20U);
    EXPECT_GT(summary->connections, 1);
    server->Shutdown();
  }
}

TEST_F(StreamWriterTest, SecondWriterSkipsWhatIsStored) {
  ASSERT_TRUE(Send(12, Options()).ok());
  const auto summary = Send(20, Options());
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->skipped_batches, 12U);
  EXPECT_EQ(summary->acked_batches, 8U);
  EXPECT_EQ(fake_.stored(), UpTo(20));
}

TEST_F(StreamWriterTest, ResendingCountsDuplicates) {
  ASSERT_TRUE(Send(12, Options()).ok());
  StreamOptions options = Options();
  options.on_stored = OnStored::kResend;
  const auto summary = Send(15, options);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->ledger.duplicate(), 12U);
  EXPECT_EQ(summary->ledger.stored(), 3U);
}

TEST_F(StreamWriterTest, WaitsGrowBetweenRefusals) {
  fake_.Refuse(5, {grpc::StatusCode::UNAVAILABLE, "starting"});
  const auto summary = Send(3, Options());
  ASSERT_TRUE(summary.ok()) << summary.status();
  const std::vector<absl::Duration> waits = sleeper_.waits();
  ASSERT_EQ(waits.size(), 5U);
  for (size_t i = 0; i < waits.size(); ++i) {
    const absl::Duration full = absl::Milliseconds(100) * (1 << i);
    EXPECT_LE(waits[i], full);
    EXPECT_GE(waits[i], full * 0.7);
  }
}

TEST_F(StreamWriterTest, GivesUpAfterTheLastAttempt) {
  fake_.Refuse(1000, {grpc::StatusCode::UNAVAILABLE, "starting"});
  StreamOptions options = Options();
  options.max_attempts = 4;
  const auto summary = Send(30, options);  // more than the buffer holds: Write must not hang
  EXPECT_EQ(summary.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fake_.connections(), 4);
}

TEST_F(StreamWriterTest, RefusalForGoodIsNotRepeated) {
  fake_.Refuse(1000, {grpc::StatusCode::FAILED_PRECONDITION, "schema_hash differs"});
  const auto summary = Send(30, Options());
  EXPECT_EQ(summary.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(summary.status().message()), HasSubstr("schema_hash"));
  EXPECT_EQ(fake_.connections(), 1);
}

TEST_F(StreamWriterTest, DaemonThatForgetsAckedBatchesIsDataLoss) {
  fake_.Forget();
  fake_.BreakEvery(5);
  const auto summary = Send(20, Options());
  EXPECT_EQ(summary.status().code(), absl::StatusCode::kDataLoss) << summary.status();
}

TEST_F(StreamWriterTest, WrongNumberIsRefused) {
  StreamWriter writer(channel_, Options(), clock_, sleeper_);
  v1::SampleBatch batch;
  batch.set_seq(1);
  EXPECT_EQ(writer.Write(batch).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StreamWriterTest, AbandonedWriterEndsWithoutWaiting) {
  fake_.Refuse(1000, {grpc::StatusCode::UNAVAILABLE, "starting"});
  StreamOptions options = Options();
  options.max_attempts = 1 << 30;
  StreamWriter writer(channel_, options, clock_, sleeper_);
  EXPECT_TRUE(writer.Write(v1::SampleBatch()).ok());
}

TEST(BackoffTest, WaitIsBoundedAndJittered) {
  Backoff backoff({}, 7, 0);
  std::set<absl::Duration> seen;
  for (int failures = 1; failures < 60; ++failures) {
    const absl::Duration wait = backoff.After(failures);
    EXPECT_LE(wait, absl::Seconds(5));
    EXPECT_GE(wait, absl::Milliseconds(70));
    seen.insert(wait);
  }
  EXPECT_GT(seen.size(), 50U);
}

}  // namespace
}  // namespace parallax::client
