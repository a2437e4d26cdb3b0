#include "client/cli/keep_samples.h"

#include <gtest/gtest.h>

namespace parallax::client {
namespace {

/// Parses a command line of one verb; whether it was accepted.
bool Type(const std::string& typed, v1::Rig* rig) {
  CLI::App verb;
  std::string option;
  AddKeepSamples(verb, option);
  try {
    verb.parse(std::vector<std::string>{typed, "--keep-samples"});  // from the last to the first
  } catch (const CLI::ParseError&) {
    return false;
  }
  SetKeepSamples(option, *rig);
  return true;
}

TEST(KeepSamplesTest, TimesArriveOnTheWireAndReadAsTheyWereTyped) {
  const struct {
    const char* typed;
    int64_t seconds;
    int32_t nanos;
  } kTimes[] = {{"90d", 7'776'000, 0},
                {"1h30m", 5'400, 0},
                {"36h", 129'600, 0},
                {"3600.5s", 3'600, 500'000'000},
                {"1.5d", 129'600, 0}};
  for (const auto& time : kTimes) {
    v1::Rig rig;
    ASSERT_TRUE(Type(time.typed, &rig)) << time.typed;
    EXPECT_EQ(rig.keep_samples().seconds(), time.seconds) << time.typed;
    EXPECT_EQ(rig.keep_samples().nanos(), time.nanos) << time.typed;
  }
  v1::Rig rig;
  ASSERT_TRUE(Type("90d", &rig));
  EXPECT_EQ(KeepSamplesText(rig), "90d");
  ASSERT_TRUE(Type("1h30m", &rig));
  EXPECT_EQ(KeepSamplesText(rig), "1h30m");
}

TEST(KeepSamplesTest, ForeverIsSaidAndNothingIsNot) {
  v1::Rig rig;
  EXPECT_EQ(KeepSamplesText(rig), "forever");
  SetKeepSamples("", rig);
  EXPECT_FALSE(rig.has_keep_samples()) << "UpdateRig leaves what is absent";
  ASSERT_TRUE(Type("forever", &rig));
  EXPECT_TRUE(rig.has_keep_samples());
  EXPECT_EQ(KeepSamplesText(rig), "forever");
}

TEST(KeepSamplesTest, WhatIsNoTimeIsRefused) {
  for (const char* wrong : {"90", "soon", "0d", "0s", "-1d", "inf", "d", "nand"}) {
    v1::Rig rig;
    EXPECT_FALSE(Type(wrong, &rig)) << wrong;
  }
}

}  // namespace
}  // namespace parallax::client
