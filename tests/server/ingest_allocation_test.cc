// What a batch costs of the allocator once others like it have come by: the path from the bytes of
// a message to those of the store.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "core/store/batch_codec.h"
#include "server/convert.h"
#include "server/request_pool.h"
#include "tests/server/rig_samples.h"

namespace {

std::atomic<int> allocations{0};

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace parallax::server {
namespace {

TEST(IngestPath, AllocatesOnlyTheBytesThatGoToTheStore) {
  const signal::Rig rig = SessionBoard();
  const std::vector<signal::ChannelRef> channels = signal::ListChannels(rig);
  const std::string wire = BoardBatch(0, /*rows=*/200).SerializeAsString();
  StreamRequestPool pool(/*max_bytes=*/1 << 20);
  signal::SampleBatch batch;
  store::BatchEncoder encoder;
  size_t stored = 0;
  const auto take = [&] {
    const StreamRequestPool::Handle slot = pool.Take();
    ASSERT_TRUE(slot->message().ParseFromString(wire));
    signal::RejectCounts rejects;
    ASSERT_TRUE(ReadBatch(slot->message().batch(), &batch).ok());
    ASSERT_TRUE(signal::AdmitBatch(channels, &batch, &rejects).ok());
    stored += encoder.Encode(batch, rejects).data.size();
  };
  for (int i = 0; i < 3; ++i) take();  // memory grows to what such a batch needs
  const int before = allocations;
  for (int i = 0; i < 100; ++i) take();
  EXPECT_EQ(allocations - before, 100);
  EXPECT_GT(stored, 0u);
}

}  // namespace
}  // namespace parallax::server
