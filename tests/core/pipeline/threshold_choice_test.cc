#include "tests/core/pipeline/threshold_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parallax::pipeline::testing {
namespace {

using attribution::Evidence;
using attribution::Verdict;
using attribution::VerdictKind;
using attribution::VerdictThresholds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A campaign whose one cause gains and loses so many nats; IDENTIFIED is right where it is real.
GradedCampaign WithCause(const std::string& id, double nats, bool real) {
  Evidence evidence{.gap = 4.0, .floor = 1.0, .gap_p_value = 0.001};
  evidence.parameters = {{.name = "k0",
                          .pip = 0.999,
                          .loss_without = nats,
                          .gain_alone = nats,
                          .shapley = 0.9,
                          .shapley_low = 0.8,
                          .shapley_high = 1.0,
                          .shift_sd = 2.0}};
  evidence.channels = {{"T", 1.0, 1.0}};
  return {id, evidence, [real](const Verdict& verdict) {
            const bool identified = verdict.kind == VerdictKind::kIdentified;
            return Grade{.points = identified == real ? 1.0 : 0.0, .wrong = identified && !real};
          }};
}

std::vector<const GradedCampaign*> All(const std::vector<GradedCampaign>& campaigns) {
  std::vector<const GradedCampaign*> all;
  for (const GradedCampaign& one : campaigns) all.push_back(&one);
  return all;
}

const std::vector<Knob> kNats = {
    {"loss_nats", &VerdictThresholds::loss_nats, {2, 3, 4, 5, 6, 7, 8, 9, 10}}};

TEST(ThresholdChoice, WorthIsPointsLessOneForEachWrongCause) {
  const std::vector<GradedCampaign> campaigns = {WithCause("real", 20.0, true),
                                                 WithCause("false", 20.0, false),
                                                 WithCause("weak", 1.0, false)};
  EXPECT_DOUBLE_EQ(Worth(All(campaigns), {}), 1.0 - 1.0 + 1.0);
}

TEST(ThresholdChoice, ABoundGoesToTheMiddleOfWhereItSeparates) {
  // Real causes lose 9 nats and more, false ones 4.5 and less: 5 to 9 are all right.
  const std::vector<GradedCampaign> campaigns = {
      WithCause("a", 9.0, true), WithCause("b", 30.0, true), WithCause("c", 4.5, false)};
  EXPECT_DOUBLE_EQ(ChooseBounds(All(campaigns), kNats, {}).loss_nats, 7.0);
}

TEST(ThresholdChoice, WhereNothingIsConstrainedItGoesToTheMiddleOfTheGrid) {
  const std::vector<GradedCampaign> campaigns = {WithCause("a", 30.0, true)};
  EXPECT_DOUBLE_EQ(ChooseBounds(All(campaigns), kNats, {}).loss_nats, 6.0);
  for (const Knob& knob : DecisiveKnobs()) {
    EXPECT_DOUBLE_EQ(knob.grid[(knob.grid.size() - 1) / 2], VerdictThresholds{}.*knob.bound)
        << knob.name;
    EXPECT_TRUE(std::is_sorted(knob.grid.begin(), knob.grid.end())) << knob.name;
  }
}

TEST(ThresholdChoice, TheWidestOfSeveralStretchesWins) {
  // A real cause at 3.5 cannot be had together with a false one at 5.5: 2 and 3, or 6 and above.
  const std::vector<GradedCampaign> campaigns = {
      WithCause("a", 3.5, true), WithCause("b", 5.5, false), WithCause("c", 20.0, true)};
  // At 3 the false one costs two, at 6 the real one is missed: 6 to 10 are best.
  EXPECT_DOUBLE_EQ(ChooseBounds(All(campaigns), kNats, {}).loss_nats, 8.0);
}

TEST(ThresholdChoice, TheCampaignThatIsLeftOutHasNoPartInItsBounds) {
  // "edge" alone says that 8.5 nats are too few for a cause; the others would take 5 and more.
  const std::vector<GradedCampaign> campaigns = {
      WithCause("a", 30.0, true), WithCause("b", 9.5, true), WithCause("c", 4.5, false),
      WithCause("edge", 8.5, false)};
  const std::vector<LeftOut> out = LeaveOneOut(campaigns, kNats);
  ASSERT_EQ(out.size(), 4u);
  EXPECT_EQ(out[3].id, "edge");
  EXPECT_EQ(out[3].left_out.kind, VerdictKind::kIdentified);
  EXPECT_TRUE(out[3].left_out_grade.wrong);
  EXPECT_THAT(out[3].moved, ElementsAre("loss_nats 6 -> 7"));
  // With it they are held to 9.
  EXPECT_THAT(out[0].moved, ElementsAre("loss_nats 6 -> 9"));
  EXPECT_EQ(out[0].left_out_grade.points, 1.0);
}

TEST(ThresholdChoice, WithRoomAllAroundNothingMovesAndBothScoresAgree) {
  const std::vector<GradedCampaign> campaigns = {WithCause("a", 40.0, true),
                                                 WithCause("b", 50.0, true)};
  for (const LeftOut& one : LeaveOneOut(campaigns, DecisiveKnobs())) {
    EXPECT_THAT(one.moved, IsEmpty());
    EXPECT_EQ(one.plain_grade.points, 1.0);
    EXPECT_EQ(one.left_out_grade.points, 1.0);
  }
}

}  // namespace
}  // namespace parallax::pipeline::testing
