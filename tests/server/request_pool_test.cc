#include "server/request_pool.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/server/rig_samples.h"

namespace parallax::server {
namespace {

TEST(StreamRequestPool, GivesASlotAgainWithNothingInIt) {
  StreamRequestPool pool(/*max_bytes=*/1 << 20);
  const StreamRequestSlot* first = nullptr;
  {
    const StreamRequestPool::Handle slot = pool.Take();
    slot->message() = BoardBatch(7, /*rows=*/100);
    first = slot.get();
  }
  EXPECT_GT(pool.kept_bytes(), 0u);
  const StreamRequestPool::Handle again = pool.Take();
  EXPECT_EQ(again.get(), first);
  EXPECT_EQ(again->message().message_case(), v1::StreamRequest::MESSAGE_NOT_SET);
  EXPECT_EQ(pool.kept_bytes(), 0u);
}

TEST(StreamRequestPool, KeepsMemoryForAMessageAsLarge) {
  StreamRequestPool pool(/*max_bytes=*/1 << 20);
  { pool.Take()->message() = BoardBatch(0, /*rows=*/5); }
  const size_t small = pool.kept_bytes();
  { pool.Take()->message() = BoardBatch(1, /*rows=*/2000); }
  EXPECT_GT(pool.kept_bytes(), small);
  EXPECT_GE(pool.kept_bytes(), 2000 * sizeof(double));
}

TEST(StreamRequestPool, LetsGoOfWhatIsTooMuch) {
  StreamRequestPool pool(/*max_bytes=*/size_t{64} * 1024);
  {
    std::vector<StreamRequestPool::Handle> slots;
    for (uint64_t i = 0; i < 100; ++i) {
      slots.push_back(pool.Take());
      slots.back()->message() = BoardBatch(i, /*rows=*/100);
    }
  }
  EXPECT_LE(pool.kept_bytes(), 64u * 1024);
  { pool.Take()->message() = BoardBatch(0, /*rows=*/100'000); }
  EXPECT_LE(pool.kept_bytes(), 64u * 1024);
}

}  // namespace
}  // namespace parallax::server
