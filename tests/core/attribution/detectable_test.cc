#include "core/attribution/detectable.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::attribution {
namespace {

/// Share of data sets with y = c·shift + ε in which the parameter gains `nats`.
double ShareSeen(double norm, double shift, double nats) {
  constexpr int kDataSets = 40000;
  base::Random random(5, 7);
  int seen = 0;
  for (int k = 0; k < kDataSets; ++k) {
    const double projected = norm * norm * shift + norm * random.Normal();  // cᵀy
    const double squared = norm * norm;
    const double gain = 0.5 * projected * projected / (1.0 + squared) - 0.5 * std::log1p(squared);
    seen += gain >= nats ? 1 : 0;
  }
  return static_cast<double>(seen) / kDataSets;
}

TEST(DetectableShift, IsSeenInNineteenDataSetsOfTwenty) {
  for (const double norm : {0.3, 1.0, 5.0, 40.0}) {
    for (const double nats : {3.0, 5.0}) {
      const double shift = DetectableShift(norm, nats);
      EXPECT_NEAR(ShareSeen(norm, shift, nats), 0.95, 0.005) << norm << " " << nats;
      EXPECT_NEAR(ShareSeen(norm, -shift, nats), 0.95, 0.005) << norm << " " << nats;
      EXPECT_LT(ShareSeen(norm, 0.5 * shift, nats), 0.3) << norm << " " << nats;
      EXPECT_GT(ShareSeen(norm, 2.0 * shift, nats), 0.99) << norm << " " << nats;
    }
  }
}

TEST(DetectableShift, HasItsClosedForm) {
  // (sqrt((10 + ln 5)·5) + 2·1.644853627)/4 for a column of norm 2 and 5 nats.
  EXPECT_NEAR(DetectableShift(2.0, 5.0), 2.727144469, 1e-8);
  EXPECT_TRUE(std::isinf(DetectableShift(0.0, 5.0)));
  EXPECT_LT(DetectableShift(10.0, 5.0), DetectableShift(9.0, 5.0));
}

TEST(TellDetectable, NamesTheEndsAndWhatWouldBeMissed) {
  std::vector<ParameterEvidence> some = {{.name = "vd0", .detectable_sd = 0.4},
                                         {.name = "Rc", .detectable_sd = 30.0},
                                         {.name = "k0", .detectable_sd = 1.25},
                                         {.name = "U"}};
  EXPECT_EQ(TellDetectable(some, 4.5),
            "; a shift of one assumption alone would have been seen beyond 0.4 (vd0) to 1.2 prior "
            "sds (k0), but of Rc not surely within 4.5");
  some[1].detectable_sd = kUnavailable;
  some[2].detectable_sd = kUnavailable;
  EXPECT_EQ(TellDetectable(some, 4.5),
            "; a shift of one assumption alone would have been seen beyond 0.4 prior sds (vd0)");
  some[0].detectable_sd = 5.0;
  EXPECT_EQ(TellDetectable(some, 4.5),
            "; a shift of vd0 alone would not surely have been seen within 4.5 prior sds");
  EXPECT_EQ(TellDetectable({{.name = "U"}}, 4.5), "");
}

}  // namespace
}  // namespace parallax::attribution
