#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

constexpr int kKills = 24;

struct Child {
  pid_t pid = 0;
  int acks = -1;  ///< read end of its standard output
};

Child Start(const std::string& directory) {
  int ends[2];
  PARALLAX_CHECK(pipe(ends) == 0);
  const pid_t pid = fork();
  PARALLAX_CHECK(pid >= 0);
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl(PARALLAX_KILL_CHILD, PARALLAX_KILL_CHILD, directory.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

/// Reads one ack; false at the end of the child.
bool ReadAck(const Child& child, uint64_t* seq) {
  return read(child.acks, seq, sizeof *seq) == static_cast<ssize_t>(sizeof *seq);
}

/// Lets the child ack `acks` batches, kills it and reads what it had acked by then. Returns the
/// number of acked batches in all, since acks are in order from 0.
uint64_t RunAndKill(const std::string& directory, uint64_t acks) {
  const Child child = Start(directory);
  uint64_t seq = 0;
  uint64_t acked = 0;
  for (uint64_t i = 0; i < acks && ReadAck(child, &seq); ++i) acked = seq + 1;
  kill(child.pid, SIGKILL);
  while (ReadAck(child, &seq)) acked = seq + 1;
  close(child.acks);
  int status = 0;
  PARALLAX_CHECK(waitpid(child.pid, &status, 0) == child.pid);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself, code " << WEXITSTATUS(status);
  return acked;
}

/// What a channel must hold after the first `batches` batches.
signal::Series Expected(uint32_t channel, uint64_t batches) {
  signal::Series series;
  series.channel = absl::StrFormat("d/c%d", channel);
  for (uint64_t seq = 0; seq < batches; ++seq) {
    for (const signal::ChannelColumn& column : MakeUnrulyBatch(11, seq, 5).columns) {
      if (column.channel_index != channel) continue;
      series.time_unix_ns.insert(series.time_unix_ns.end(), column.time_unix_ns.begin(),
                                 column.time_unix_ns.end());
      series.value.insert(series.value.end(), column.value.begin(), column.value.end());
      series.quality.insert(series.quality.end(), column.quality.begin(), column.quality.end());
      series.quality.resize(series.value.size());
    }
  }
  return series;
}

using KillTest = StoreTest;

TEST_F(KillTest, WhatWasAckedIsStoredOnceAndUnchangedAfterKillsAtRandomMoments) {
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());  // so that the child compacts all the time
  base::Random random(3, 0);
  uint64_t stored = 0;
  for (int round = 0; round < kKills; ++round) {
    store_.reset();
    const uint64_t acked = RunAndKill(directory_.path(), random.Below(60));
    Reopen();
    const absl::StatusOr<StreamState> state = store_->OpenStream({"r", "a", "p", 1});
    ASSERT_TRUE(state.ok()) << state.status().ToString();
    EXPECT_GE(state->next_seq, acked);
    EXPECT_GE(state->next_seq, stored);
    stored = state->next_seq;
    for (const uint32_t channel : {0u, 4u}) {
      ExpectSameSeries(Series("a", channel), Expected(channel, stored));
    }
  }
  EXPECT_GT(stored, 0u);
  for (int sample = 0; sample < 40; ++sample) {
    const uint64_t seq = random.Below(stored);
    ASSERT_EQ(Append(*store_, OpenStream("a", "p"), MakeUnrulyBatch(11, seq, 5))->result,
              AppendResult::kDuplicate);
  }
}

}  // namespace
}  // namespace parallax::store
