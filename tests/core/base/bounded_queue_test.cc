#include "core/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace parallax::base {
namespace {

TEST(BoundedQueue, KeepsOrder) {
  BoundedQueue<int> queue(4);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.TryPush(i));
  EXPECT_EQ(queue.Pop(), 0);
  EXPECT_EQ(queue.PopAll(10), (std::vector<int>{1, 2}));
}

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheItem) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.TryPush(first));
  EXPECT_FALSE(queue.TryPush(second));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueue, PopAllTakesAtMostWhatIsAsked) {
  BoundedQueue<int> queue(8);
  for (int i = 0; i < 5; ++i) queue.TryPush(i);
  EXPECT_EQ(queue.PopAll(3).size(), 3u);
  EXPECT_EQ(queue.size(), 2u);
}

TEST(BoundedQueue, DrainsAfterCloseThenSaysSo) {
  BoundedQueue<int> queue(4);
  int item = 5;
  queue.TryPush(item);
  queue.Close();
  EXPECT_FALSE(queue.TryPush(item));
  EXPECT_EQ(queue.Pop(), 5);
  EXPECT_EQ(queue.Pop(), std::nullopt);
  EXPECT_TRUE(queue.PopAll(4).empty());
}

TEST(BoundedQueue, PassesEveryItemBetweenThreadsOnce) {
  BoundedQueue<int> queue(3);
  constexpr int kEach = 2000;
  constexpr size_t kAll = 2 * static_cast<size_t>(kEach);
  std::vector<int> seen(kAll, 0);
  std::thread consumer([&] {
    while (std::optional<int> item = queue.Pop()) ++seen[static_cast<size_t>(*item)];
  });
  std::vector<std::thread> producers;
  for (int p = 0; p < 2; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) {
        int item = p * kEach + i;
        while (!queue.TryPush(item)) std::this_thread::yield();
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  queue.Close();
  consumer.join();
  EXPECT_EQ(seen, std::vector<int>(kAll, 1));
}

}  // namespace
}  // namespace parallax::base
