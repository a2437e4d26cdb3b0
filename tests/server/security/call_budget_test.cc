#include "server/security/call_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace parallax::server::security {
namespace {

constexpr size_t kCall = CallBudget::kCallBytes;
constexpr CallBudget::Limits kLimits{.per_caller = 2 * kCall + 100, .in_all = 3 * kCall + 100};

TEST(CallBudgetTest, ACallerIsHeldToItsPart) {
  CallBudget budget(kLimits);
  const auto first = budget.Take("rigs/a", 60);
  ASSERT_TRUE(first.ok());
  const auto large = budget.Take("rigs/a", 41);
  EXPECT_TRUE(absl::IsResourceExhausted(large.status())) << large.status();
  EXPECT_NE(large.status().message().find("server.max_call_bytes_per_caller"), std::string::npos);
  EXPECT_TRUE(budget.Take("rigs/a", 40).ok());
  EXPECT_EQ(budget.counts().refused_caller, 1u);
  EXPECT_EQ(budget.counts().refused_all, 0u);
  EXPECT_EQ(budget.counts().bytes, kCall + 60) << "what was taken for a moment is given back";
}

TEST(CallBudgetTest, AllAreHeldToWhatThereIs) {
  CallBudget budget(kLimits);
  std::vector<absl::StatusOr<CallBudget::Hold>> holds;
  for (int i = 0; i < 3; ++i) {
    holds.push_back(budget.Take("", 0));
    EXPECT_TRUE(holds.back().ok()) << "who has no name has no part of its own";
  }
  const auto more = budget.Take("rigs/a", 0);
  EXPECT_TRUE(absl::IsResourceExhausted(more.status()));
  EXPECT_EQ(budget.counts().refused_all, 1u);
  holds.pop_back();
  EXPECT_TRUE(budget.Take("rigs/a", 0).ok());
}

TEST(CallBudgetTest, AnswersThatAreNotReadCountAgainstTheNextCall) {
  CallBudget budget(kLimits);
  auto unread = budget.Take("rigs/a", 10);
  auto waiting = budget.Take("rigs/a", 10);
  ASSERT_TRUE(unread.ok() && waiting.ok());
  unread->SetAnswer(200);  // it is made already
  EXPECT_EQ(budget.counts().bytes, 2 * kCall + 220);
  EXPECT_TRUE(absl::IsResourceExhausted(waiting->Check()));
  unread->SetAnswer(50);  // the next part, instead
  EXPECT_TRUE(waiting->Check().ok());
  CallBudget::Hold moved = *std::move(unread);
  EXPECT_EQ(budget.counts().bytes, 2 * kCall + 70);
  moved = CallBudget::Hold();
  EXPECT_EQ(budget.counts().bytes, kCall + 10);
}

TEST(CallBudgetTest, ManyThreadsLeaveNothingBehind) {
  CallBudget budget({.per_caller = 3 * kCall, .in_all = 5 * kCall});
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, caller = i % 2 == 0 ? "rigs/a" : "rigs/b"] {
      for (int call = 0; call < 2000; ++call) {
        auto hold = budget.Take(caller, 1);
        if (!hold.ok()) continue;
        hold->SetAnswer(static_cast<size_t>(call));
        ++taken;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(taken, 0);
  EXPECT_EQ(budget.counts().bytes, 0u);
  EXPECT_EQ(
      static_cast<uint64_t>(taken) + budget.counts().refused_caller + budget.counts().refused_all,
      8000u);
}

}  // namespace
}  // namespace parallax::server::security
