#include "core/base/unit_text.h"

#include <gtest/gtest.h>

namespace parallax::base {
namespace {

TEST(SpellUnit, WritesTheMicroPrefixOfALengthAsPeopleDo) {
  EXPECT_EQ(SpellUnit("um"), "µm");
  EXPECT_EQ(SpellUnit("um/s"), "µm/s");
  EXPECT_EQ(SpellUnit("mm"), "mm");
  EXPECT_EQ(SpellUnit("1"), "1");
}

}  // namespace
}  // namespace parallax::base
