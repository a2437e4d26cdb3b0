#include "client/lib/explain_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/explain_support.h"

namespace parallax::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ExplainStoryTest, EachMechanismIsReplayedAgainstTheFloorOfHeldOutRuns) {
  Json report = FullReport();
  EXPECT_THAT(Explained(report), Not(HasSubstr("Replay:")));
  report["validation"]["floor"] = 0.15;
  report["validation"]["replays"] = {
      {{"mechanism", "substrate_conductivity"},
       {"parameters", {"k0", "nk"}},
       {"alone", 0.2},
       {"without", 3.0}},
      {{"mechanism", "carbon_supply"}, {"parameters", {"vs0"}}, {"alone", 3.0}, {"without", 0.2}}};
  EXPECT_THAT(Explained(report),
              HasSubstr("95 % of perfect twins stay under 0.15. Replay: substrate conductivity "
                        "alone 0.2, without it 3, floor 0.15: alone it does not reach the floor. "
                        "Replay: carbon supply alone 3, without it 0.2, floor 0.15: alone it does "
                        "not reach the floor."));
  report["validation"]["replays"][0]["alone"] = 0.1;
  report["validation"]["replays"][1]["without"] = 0.1;
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("conductivity alone 0.1, without it 3, floor 0.15: alone it reaches "
                              "the floor. Replay:"),
                    HasSubstr("supply alone 3, without it 0.1, floor 0.15: alone it does not reach "
                              "the floor, which is reached without it, too.")));
  EXPECT_EQ(ExplanationJson(report)["replays"], report["validation"]["replays"]);
}

}  // namespace
}  // namespace parallax::client
