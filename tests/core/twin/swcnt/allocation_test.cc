#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/core/twin/swcnt/fixture.h"

// Counts every allocation of the program: operator new is replaced here, and the linker sends calls
// of malloc (Eigen's) to the wrapper below.
namespace {
std::atomic<int64_t> allocations{0};
}  // namespace

extern "C" {
void* RealMalloc(size_t bytes) __asm__("__real_malloc");  // the linker's names
void* WrapMalloc(size_t bytes) __asm__("__wrap_malloc");
void* WrapMalloc(size_t bytes) {
  ++allocations;
  return RealMalloc(bytes);
}
}

void* operator new(size_t bytes) {
  ++allocations;
  void* place = RealMalloc(bytes);
  if (place == nullptr) std::abort();
  return place;
}
void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, size_t /*bytes*/) noexcept { std::free(place); }

namespace parallax::twin {
namespace {

TEST(SwcntAllocation, TheCounterCounts) {
  const int64_t before = allocations;
  const Eigen::VectorXd vector = Eigen::VectorXd::LinSpaced(100 + before % 2, 0.0, 1.0);
  void* place = ::operator new(8);
  ::operator delete(place);
  EXPECT_EQ(allocations - before, 2);
  EXPECT_GT(vector.sum(), 40.0);
}

TEST(SwcntAllocation, ARunFromFirstRowToOutcomeAllocatesNothing) {
  const swcnt::SwcntOptions options;
  const auto p = testing::AsArray(testing::SwcntParameters());
  (void)swcnt::RamanFactors(532.0);  // tables are made once
  for (uint64_t i = 0; i < 8; ++i) {
    const signal::Rig rig = i % 2 == 0 ? testing::StageRig() : testing::HotWallRig();
    const testing::GrowthRecipe recipe{.thickness_m = i % 4 < 2 ? 1e-3 : 3e-3};
    const Drive drive =
        i < 4 ? testing::RecipeDrive(rig, recipe) : testing::SteadyDrive(rig, recipe);
    Eigen::VectorXd surface(drive.time_s.size());
    const int64_t before = allocations;
    swcnt::Simulation<swcnt::PlainScalars> simulation(p, drive, options, swcnt::kStepsPerRow);
    simulation.Run([&](Eigen::Index row, int output, double reading) {
      if (output == swcnt::kSurface) surface[row] = reading;
    });
    const auto abundance = swcnt::SumOverWindow(
        options.chirality, simulation.sample().window,
        swcnt::EdgeEnergies<double>{p[swcnt::kSigmaP], p[swcnt::kDgamma], p[swcnt::kEpsKink]});
    const auto outcome = swcnt::Outcomes(abundance, simulation.sample(), simulation.setup());
    EXPECT_EQ(allocations - before, 0) << rig.id << " " << recipe.thickness_m << " " << i / 4;
    EXPECT_GT(outcome[swcnt::kOutcomeHeight], 0.0);
  }
}

}  // namespace
}  // namespace parallax::twin
