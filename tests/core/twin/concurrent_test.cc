#include <gtest/gtest.h>

#include <thread>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

TEST(TwinConcurrent, FourThreadsOnOneTwinGetTheSameBitsAsOne) {
  const Registry registry = BuiltInTwins();
  for (const char* name : {"furnace", "two_heater"}) {
    const Twin* twin = registry.Find(name).value();
    const Drive drive = twin->description().name == "furnace" ? testing::RandomFurnaceDrive(5, 200)
                                                              : testing::RandomBoardDrive(5, 200);
    std::vector<Eigen::MatrixXd> alone;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      alone.push_back(
          testing::Outputs(*twin, testing::DrawParameters(twin->description(), seed), drive));
    }
    std::vector<std::vector<Eigen::MatrixXd>> together(4);
    std::vector<std::thread> threads;
    for (std::vector<Eigen::MatrixXd>& results : together) {
      threads.emplace_back([&results, twin, &drive] {
        for (uint64_t seed = 0; seed < 20; ++seed) {
          results.push_back(
              testing::Outputs(*twin, testing::DrawParameters(twin->description(), seed), drive));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::vector<Eigen::MatrixXd>& results : together) EXPECT_EQ(results, alone);
  }
}

}  // namespace
}  // namespace parallax::twin
