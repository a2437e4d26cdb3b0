#include "core/signal/quality.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace parallax::signal {
namespace {

TEST(Quality, PacksIntoAByteAndBack) {
  for (int level = 0; level <= 2; ++level) {
    for (int reason = 0; reason <= 9; ++reason) {
      const Quality quality{static_cast<QualityLevel>(level), static_cast<QualityReason>(reason)};
      EXPECT_EQ(UnpackQuality(PackQuality(quality)), quality);
    }
  }
  EXPECT_EQ(PackQuality({QualityLevel::kBad, QualityReason::kSpike}), 0x22);
}

TEST(Quality, EveryReasonHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int reason = 0; reason <= 9; ++reason) {
    names.insert(ReasonName(static_cast<QualityReason>(reason)));
  }
  EXPECT_EQ(names.size(), 10u);
  EXPECT_EQ(ReasonName(QualityReason::kSpike), "SPIKE");
}

}  // namespace
}  // namespace parallax::signal
