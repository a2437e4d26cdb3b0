#include <gtest/gtest.h>

#include <thread>

#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin {
namespace {

/// What a draw predicts, on a stage, in bits that can be compared.
std::pair<Eigen::VectorXd, Eigen::VectorXd> PredictDraw(const Twin& twin, const Drive& drive,
                                                        uint64_t seed) {
  Prediction p;
  EXPECT_TRUE(twin.Predict(testing::DrawSwcnt(seed, 0.5), drive, &p, nullptr).ok());
  return {p.outputs.col(swcnt::kSurface), p.outcome};
}

TEST(SwcntConcurrent, FourThreadsOnOneTwinGetTheSameBitsAsOne) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const Drive drive = testing::RecipeDrive(testing::StageRig(), {});
  constexpr uint64_t kDraws = 8;
  std::vector<std::pair<Eigen::VectorXd, Eigen::VectorXd>> alone;
  for (uint64_t seed = 0; seed < kDraws; ++seed) alone.push_back(PredictDraw(*twin, drive, seed));
  std::vector<std::vector<std::pair<Eigen::VectorXd, Eigen::VectorXd>>> together(4);
  std::vector<std::thread> threads;
  for (auto& results : together) {
    threads.emplace_back([&results, &twin, &drive] {
      for (uint64_t seed = 0; seed < kDraws; ++seed) {
        results.push_back(PredictDraw(*twin, drive, seed));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& results : together) EXPECT_EQ(results, alone);
}

}  // namespace
}  // namespace parallax::twin
