// The ingest protocol over a real connection: every way a stream goes on and every way it ends.
#include <limits>

#include "absl/time/clock.h"
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

using IngestStreamTest = DaemonTest;
std::string Bound(const absl::Status& status) {
  const std::optional<v1::ErrorDetail> detail = DetailOf(status);
  return detail.has_value() ? detail->bound() : "no detail";
}

TEST_F(IngestStreamTest, WelcomeSaysWhereToStartAndWhatTimeItIs) {
  TestStream stream(*ingest_);
  const v1::Welcome welcome = stream.Open(Hello("p"));
  EXPECT_EQ(welcome.resume_from_seq(), 0u);
  EXPECT_EQ(welcome.credit(), options_.ingest.credit);
  EXPECT_EQ(welcome.server_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
}

TEST_F(IngestStreamTest, AcksEverythingAndEndsWellAfterHalfClose) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  for (uint64_t seq = 0; seq < 20; ++seq) ASSERT_TRUE(stream.Send(BoardBatch(seq, kRows)));
  const v1::Ack ack = stream.AwaitAck(19);
  EXPECT_EQ(ack.seq(), 19u);
  EXPECT_EQ(ack.ledger().stored(), 20 * kSamples);
  EXPECT_EQ(LedgerError(ack.ledger()), 0);
  stream.HalfClose();
  EXPECT_EQ(stream.Finish(), absl::OkStatus());
  EXPECT_EQ(GetRun().ledger().stored(), 20 * kSamples);
  EXPECT_EQ(GetRun().ledger().received(), 20 * kSamples);
}

TEST_F(IngestStreamTest, HalfCloseRightAfterTheBatchesStillAcksThem) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  for (uint64_t seq = 0; seq < 5; ++seq) stream.Send(BoardBatch(seq, kRows));
  stream.HalfClose();
  EXPECT_EQ(stream.AwaitAck(4).seq(), 4u);
  EXPECT_EQ(stream.Finish(), absl::OkStatus());
}

TEST_F(IngestStreamTest, ResumesWhereTheLastStreamEnded) {
  {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (uint64_t seq = 0; seq < 3; ++seq) stream.Send(BoardBatch(seq, kRows));
    stream.AwaitAck(2);
  }
  Restart();
  TestStream stream(*ingest_);
  EXPECT_EQ(stream.Open(Hello("p")).resume_from_seq(), 3u);
}

TEST_F(IngestStreamTest, ANewEpochStartsAtZeroAndAnOlderOneIsRefused) {
  {
    TestStream stream(*ingest_);
    stream.Open(Hello("p", 1));
    stream.Send(BoardBatch(0, kRows));
    stream.AwaitAck(0);
  }
  TestStream newer(*ingest_);
  EXPECT_EQ(newer.Open(Hello("p", 2)).resume_from_seq(), 0u);
  TestStream older(*ingest_);
  older.Open(Hello("p", 1));
  const absl::Status refused = older.Finish();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(DetailOf(refused)->field(), "hello.epoch");
  EXPECT_EQ(DetailOf(refused)->value(), "1");
  EXPECT_EQ(Bound(refused), ">= 2, its highest");
  newer.Send(BoardBatch(0, kRows));
  EXPECT_EQ(newer.AwaitAck(0).seq(), 0u) << "the refused stream took nothing over";
}

TEST_F(IngestStreamTest, AGapIsAnsweredWithTheExpectedSeq) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kRows));
  stream.Send(BoardBatch(3, kRows));
  EXPECT_EQ(stream.AwaitAck(0).seq(), 0u) << "what came before the gap is kept and acked";
  const absl::Status status = stream.Finish();
  EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
  EXPECT_EQ(Bound(status), "1");
}

TEST_F(IngestStreamTest, ABatchSentTwiceCountsAsDuplicateAndIsAcked) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kRows));
  stream.Send(BoardBatch(0, kRows));
  stream.Send(BoardBatch(1, kRows));
  const v1::Ack ack = stream.AwaitAck(1);
  EXPECT_EQ(ack.ledger().duplicate(), kSamples);
  EXPECT_EQ(ack.ledger().stored(), 2 * kSamples);
  EXPECT_EQ(LedgerError(ack.ledger()), 0);
}

TEST_F(IngestStreamTest, AStoredSeqWithOtherContentIsDataLoss) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kRows));
  stream.AwaitAck(0);
  v1::StreamRequest other = BoardBatch(0, kRows);
  other.mutable_batch()->mutable_columns(2)->set_value(0, 99.0);
  stream.Send(other);
  EXPECT_TRUE(absl::IsDataLoss(stream.Finish()));
}

TEST_F(IngestStreamTest, BadSamplesAreRefusedAloneWithTheirReason) {
  v1::StreamRequest batch = BoardBatch(0, kRows);
  v1::ChannelSamples* t1 = batch.mutable_batch()->mutable_columns(2);
  t1->set_value(1, std::numeric_limits<double>::quiet_NaN());
  t1->set_value(3, std::numeric_limits<double>::infinity());
  batch.mutable_batch()->mutable_columns(3)->set_first_time_unix_ns(0);
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(batch);
  const v1::Ack ack = stream.AwaitAck(0);
  EXPECT_EQ(ack.ledger().rejected().at("NOT_FINITE"), 2u);
  EXPECT_EQ(ack.ledger().rejected().at("TIME_OUT_OF_RANGE"), static_cast<uint64_t>(kRows));
  EXPECT_EQ(ack.ledger().stored(), kSamples - 2 - kRows);
  EXPECT_EQ(LedgerError(ack.ledger()), 0);
  ASSERT_EQ(ack.rejected_examples_size(), 2 + kRows);
  EXPECT_EQ(ack.rejected_examples(0).field(), "board/T1[1]");
  EXPECT_EQ(ack.rejected_examples(0).value(), "nan");
}

TEST_F(IngestStreamTest, AnotherStreamOfTheProducerTakesOver) {
  TestStream first(*ingest_);
  first.Open(Hello("p"));
  first.Send(BoardBatch(0, kRows));
  first.AwaitAck(0);
  TestStream second(*ingest_);
  EXPECT_EQ(second.Open(Hello("p")).resume_from_seq(), 1u);
  EXPECT_TRUE(absl::IsAborted(first.Finish()));
  second.Send(BoardBatch(1, kRows));
  EXPECT_EQ(second.AwaitAck(1).seq(), 1u);
}

TEST_F(IngestStreamTest, AnotherProducerOfTheRunDoesNot) {
  TestStream first(*ingest_);
  first.Open(Hello("p"));
  TestStream second(*ingest_);
  EXPECT_EQ(second.Open(Hello("q")).resume_from_seq(), 0u);
  first.Send(BoardBatch(0, kRows));
  EXPECT_EQ(first.AwaitAck(0).ledger().stored(), kSamples);
}

TEST_F(IngestStreamTest, ReceiveTimesAreKeptOfTheStreamsOfARun) {
  const int64_t start_s = absl::ToUnixSeconds(clock_.Now());
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  for (uint64_t seq = 0; seq < 3; ++seq) {
    stream.Send(BoardBatch(seq, kRows));
    stream.AwaitAck(seq);
    clock_.Advance(absl::Seconds(7));
  }
  TestStream silent(*ingest_);
  silent.Open(Hello("q"));
  v1::GetRunRequest request;
  request.set_name("rigs/board/runs/one");
  const auto run = Call(*query_, &v1::QueryService::Stub::GetRun, request);
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_EQ(run->streams_size(), 2);
  EXPECT_EQ(run->streams(0).producer_id(), "p");
  EXPECT_EQ(run->streams(0).batches(), 3u);
  EXPECT_EQ(run->streams(0).stored(), 3 * kSamples);
  EXPECT_EQ(run->streams(0).first_receive_time().seconds(), start_s);
  EXPECT_EQ(run->streams(0).last_receive_time().seconds(), start_s + 14);
  EXPECT_EQ(run->streams(1).batches(), 0u);
  EXPECT_FALSE(run->streams(1).has_first_receive_time());
}

TEST_F(IngestStreamTest, ASilentStreamExpires) {
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  clock_.Advance(options_.ingest.idle_timeout + absl::Seconds(1));
  EXPECT_TRUE(absl::IsUnavailable(stream.Finish()));
}

TEST_F(IngestStreamTest, AClockThatIsSetADayBackAndOnChangesNoOrderAndKeepsNoSilentStream) {
  uint64_t next_seq = 0;
  for (const absl::Duration step : {-absl::Hours(24), absl::Hours(48), -absl::Hours(24)}) {
    TestStream stream(*ingest_);
    EXPECT_EQ(stream.Open(Hello("p")).resume_from_seq(), next_seq);
    stream.Send(BoardBatch(next_seq++, kRows));
    stream.AwaitAck(next_seq - 1);
    clock_.Advance(step);
    // Set on, it has been silent for a day at once. Set back, it is so by the new clock.
    if (step < absl::ZeroDuration()) {
      stream.Send(BoardBatch(next_seq++, kRows));
      stream.AwaitAck(next_seq - 1);
      clock_.Advance(step);
      absl::SleepFor(absl::Seconds(2));  // the daemon looks once a second
      clock_.Advance(options_.ingest.idle_timeout + absl::Seconds(1));
    }
    EXPECT_TRUE(absl::IsUnavailable(stream.Finish()));
  }
  EXPECT_EQ(GetRun().ledger().stored(), next_seq * kSamples);
  v1::GetSeriesRequest request;
  request.set_run("rigs/board/runs/one");
  request.set_channel("board/T1");
  request.set_form(v1::SERIES_FORM_RAW);
  grpc::ClientContext context;
  const auto parts = query_->GetSeries(&context, request);
  std::vector<double> values;
  for (v1::GetSeriesResponse part; parts->Read(&part);) {
    values.insert(values.end(), part.value().begin(), part.value().end());
  }
  std::vector<double> sent;
  for (uint64_t seq = 0; seq < next_seq; ++seq) {
    const v1::StreamRequest batch = BoardBatch(seq, kRows);
    const auto& column = batch.batch().columns(2);
    sent.insert(sent.end(), column.value().begin(), column.value().end());
  }
  EXPECT_EQ(values, sent);
}

TEST_F(IngestStreamTest, TheStreamBeyondTheLimitIsRefused) {
  options_.ingest.max_streams = 1;
  Restart();
  TestStream first(*ingest_);
  first.Open(Hello("p"));
  TestStream second(*ingest_);
  const absl::Status refused = second.Finish();
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_EQ(Bound(refused), "<= 1");
}

struct BadStream {
  std::string name;
  std::vector<v1::StreamRequest> messages;
  absl::StatusCode code;
  std::string field;  ///< of the detail; empty: none is expected
};

v1::StreamRequest BatchWith(const std::function<void(v1::SampleBatch*)>& change) {
  v1::StreamRequest request = BoardBatch(0, kRows);
  change(request.mutable_batch());
  return request;
}

TEST_F(IngestStreamTest, EveryMalformedStreamEndsWithATypedErrorAndStoresNothing) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  const v1::StreamRequest hello = Hello("p");
  const std::vector<BadStream> table = {
      {"batch first", {BoardBatch(0, 1)}, invalid, "message"},
      {"empty first", {v1::StreamRequest()}, invalid, "message"},
      {"hello twice", {hello, hello}, invalid, "message"},
      {"empty second", {hello, v1::StreamRequest()}, invalid, "message"},
      {"malformed run", {HelloRequest("runs/one", "p", 0, schema_hash_)}, invalid, "hello.run"},
      {"unknown rig",
       {HelloRequest("rigs/x/runs/one", "p", 0, schema_hash_)},
       absl::StatusCode::kNotFound,
       ""},
      {"unknown run",
       {HelloRequest("rigs/board/runs/x", "p", 0, schema_hash_)},
       absl::StatusCode::kNotFound,
       ""},
      {"no producer", {Hello("")}, invalid, "hello.producer_id"},
      {"huge producer", {Hello(std::string(100'000, 'p'))}, invalid, "hello.producer_id"},
      {"other schema",
       {HelloRequest("rigs/board/runs/one", "p", 0, "0000")},
       absl::StatusCode::kFailedPrecondition,
       "hello.schema_hash"},
      {"unknown channel",
       {hello, BatchWith([](auto* b) { b->mutable_columns(3)->set_channel_index(4); })},
       invalid,
       "batch.columns[3].channel_index"},
      {"channel twice",
       {hello, BatchWith([](auto* b) { b->mutable_columns(3)->set_channel_index(2); })},
       invalid,
       "batch.columns[3].channel_index"},
      {"ragged deltas",
       {hello, BatchWith([](auto* b) { b->mutable_columns(1)->add_delta_time_ns(1); })},
       invalid,
       "batch.columns[1].delta_time_ns"},
      {"ragged quality",
       {hello, BatchWith([](auto* b) { b->mutable_columns(1)->set_quality("ab"); })},
       invalid,
       "batch.columns[1].quality"},
      {"unknown quality",
       {hello,
        BatchWith([](auto* b) { b->mutable_columns(1)->set_quality(std::string(kRows, '\x07')); })},
       invalid,
       "batch.columns[1].quality[0]"},
      {"times overflow",
       {hello, BatchWith([](auto* b) {
          b->mutable_columns(1)->set_period_ns(std::numeric_limits<int64_t>::max());
        })},
       invalid,
       "batch.columns[1].period_ns"},
      {"too many samples", {hello, BoardBatch(0, 65'537)}, invalid, "batch"},
      {"too many columns",
       {hello, BatchWith([](auto* b) {
          while (b->columns_size() < 100'000) b->add_columns();
        })},
       invalid,
       "batch.columns"},
  };
  for (const BadStream& bad : table) {
    TestStream stream(*ingest_);
    for (const v1::StreamRequest& message : bad.messages) stream.Send(message);
    const absl::Status status = stream.Finish();
    EXPECT_EQ(status.code(), bad.code) << bad.name << ": " << status;
    if (bad.field.empty()) continue;
    const std::optional<v1::ErrorDetail> detail = DetailOf(status);
    ASSERT_TRUE(detail.has_value()) << bad.name;
    EXPECT_EQ(detail->field(), bad.field) << bad.name;
    EXPECT_FALSE(detail->bound().empty()) << bad.name;
    EXPECT_LT(status.message().size(), 400u) << bad.name;
  }
  EXPECT_EQ(GetRun().ledger().stored(), 0u);
  EXPECT_EQ(LedgerError(GetRun().ledger()), 0);
}

}  // namespace
}  // namespace parallax::server
