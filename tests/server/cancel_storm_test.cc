// Many streams that come, go and are cut at every stage of their life; for the sanitizers.
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

using CancelStormTest = DaemonTest;
constexpr int kThreads = 6;
constexpr int kStreamsEach = 40;
constexpr int kStormRows = 3;

/// Opens, sends and cuts streams of one producer; returns the highest seq that was acked, plus one.
uint64_t Storm(v1::IngestService::Stub& stub, const v1::StreamRequest& hello, uint64_t seed) {
  base::Random random(seed, 0);
  uint64_t acked = 0;
  for (int i = 0; i < kStreamsEach; ++i) {
    TestStream stream(stub);
    const uint64_t stage = random.Below(5);
    if (stage == 0) continue;  // cut before Hello
    if (stage == 1) {
      stream.Send(hello);
      continue;
    }
    const v1::Welcome welcome = stream.Open(hello);
    if (!welcome.has_server_time()) continue;  // ended by a Hello that was under way
    const uint64_t start = welcome.resume_from_seq();
    EXPECT_GE(start, acked);
    const uint64_t count = 1 + random.Below(8);
    for (uint64_t seq = start; seq < start + count; ++seq) stream.Send(BoardBatch(seq, kStormRows));
    if (stage == 2) continue;
    const v1::Ack ack = stream.AwaitAck(start + count - 1);
    if (!ack.has_ledger()) continue;
    acked = ack.seq() + 1;
    if (stage == 3) continue;
    stream.HalfClose();
    EXPECT_EQ(stream.Finish(), absl::OkStatus());
  }
  return acked;
}

TEST_F(CancelStormTest, NothingAckedIsLostAndTheDaemonDrains) {
  std::vector<uint64_t> acked(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      acked[static_cast<size_t>(i)] =
          Storm(*ingest_, Hello("producer-" + std::to_string(i)), static_cast<uint64_t>(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(LedgerError(GetRun().ledger()), 0);
  daemon_->Drain();
  Restart();
  for (int i = 0; i < kThreads; ++i) {
    TestStream stream(*ingest_);
    const v1::Welcome welcome = stream.Open(Hello("producer-" + std::to_string(i)));
    EXPECT_GE(welcome.resume_from_seq(), acked[static_cast<size_t>(i)]) << i;
  }
  EXPECT_EQ(GetRun().ledger().stored() % (uint64_t{4} * kStormRows), 0u)
      << "batches are stored whole";
}

TEST_F(CancelStormTest, StreamsOfOneProducerTakeEachOtherOverInAnyOrder) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        TestStream stream(*ingest_);
        const uint64_t start = stream.Open(Hello("shared")).resume_from_seq();
        for (uint64_t seq = start; seq < start + 4; ++seq) stream.Send(BoardBatch(seq, kStormRows));
        stream.AwaitAck(start);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  TestStream last(*ingest_);
  const uint64_t next = last.Open(Hello("shared")).resume_from_seq();
  EXPECT_EQ(GetRun().ledger().stored(), next * 4 * kStormRows) << "every seq exactly once";
  EXPECT_EQ(LedgerError(GetRun().ledger()), 0);
}

TEST_F(CancelStormTest, CancelledSeriesReadersLeaveNothingBehind) {
  {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (uint64_t seq = 0; seq < 40; ++seq) stream.Send(BoardBatch(seq, 5'000));
    ASSERT_EQ(stream.AwaitAck(39).seq(), 39u);
  }
  v1::GetSeriesRequest request;
  request.set_run("rigs/board/runs/one");
  request.set_channel("T1");
  request.set_form(v1::SERIES_FORM_RAW);
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    auto reader = query_->GetSeries(&context, request);
    v1::GetSeriesResponse part;
    for (int parts = 0; parts < i % 4; ++parts) reader->Read(&part);
    context.TryCancel();
    (void)reader->Finish();
  }
  daemon_->Drain();
}

}  // namespace
}  // namespace parallax::server
