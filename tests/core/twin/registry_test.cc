#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

TEST(Registry, ListsTheBuiltInTwinsByName) {
  const Registry registry = BuiltInTwins();
  std::vector<std::string> names;
  for (const Twin* twin : registry.List()) names.push_back(twin->description().name);
  EXPECT_THAT(names, ::testing::ElementsAre("furnace", "swcnt_cvd", "two_heater"));
}

TEST(Registry, FindsATwinByName) {
  const Registry registry = BuiltInTwins();
  const absl::StatusOr<const Twin*> twin = registry.Find("furnace");
  ASSERT_TRUE(twin.ok());
  EXPECT_TRUE(PredictsRigKind((*twin)->description(), "furnace"));
  EXPECT_FALSE(PredictsRigKind((*twin)->description(), "stage"));
}

TEST(Registry, AnUnknownTwinIsAnsweredWithTheKnownOnes) {
  const absl::Status status = BuiltInTwins().Find("heater").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              ::testing::HasSubstr("furnace, swcnt_cvd, two_heater"));
}

}  // namespace
}  // namespace parallax::twin
