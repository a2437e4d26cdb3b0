#include "core/pipeline/board_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parallax::pipeline {
namespace {

/// A board whose second heater or whose loss is off, as its runs leave it.
attribution::Evidence OfABoard() {
  attribution::Evidence evidence;
  evidence.parameters = {{.name = "U", .pip = 0.6, .gain_alone = 41.0},
                         {.name = "alpha1", .pip = 0.004, .gain_alone = 12.5},
                         {.name = "alpha2", .pip = 0.4, .gain_alone = 40.5},
                         {.name = "tau", .pip = 0.0001, .gain_alone = -2.0},
                         {.name = "eps", .pip = 0.08, .gain_alone = 3.0}};
  evidence.separating_experiment = "a cooldown from hot with both heaters off";
  return evidence;
}

TEST(BoardStory, TellsWhatIsLeftOpenWhatWasRuledOutAndWhatToMeasure) {
  const Story story = TellBoard(
      "two_heater", {.kind = attribution::VerdictKind::kAmbiguous, .group = {"U", "alpha2"}},
      OfABoard());
  EXPECT_THAT(story.explanation,
              ::testing::ElementsAre(
                  "Not told apart: U (inclusion 0.6, 41 nats alone), alpha2 (inclusion 0.4, 40.5 "
                  "nats alone).",
                  "Ruled out as the cause: alpha1 (inclusion 0.004, 12.5 nats alone), tau "
                  "(inclusion < 0.001, -2 nats alone).",
                  "Not ruled out beside it: eps (inclusion 0.08, 3 nats alone)."));
  EXPECT_EQ(story.measure_next, "a cooldown from hot with both heaters off");
  EXPECT_TRUE(story.counterfactuals.empty());
}

TEST(BoardStory, NothingIsToMeasureWhereTheCauseIsKnown) {
  const Story story =
      TellBoard("two_heater", {.kind = attribution::VerdictKind::kIdentified, .parameters = {"U"}},
                OfABoard());
  EXPECT_EQ(story.measure_next, "");
  ASSERT_FALSE(story.explanation.empty());
  EXPECT_THAT(story.explanation[0], ::testing::StartsWith("Ruled out as the cause: alpha1 "));
}

TEST(BoardStory, AFaultThatComesBackInSeveralRunsIsToldOnce) {
  attribution::Evidence evidence = OfABoard();
  evidence.sensors = {{.channel = "board/T1", .fault = "stuck for 40 s", .probability = 0.95},
                      {.channel = "board/T1", .fault = "stuck for 90 s", .probability = 0.99},
                      {.channel = "board/T2", .fault = "a drift", .probability = 0.5}};
  const Story beside = TellBoard(
      "two_heater", {.kind = attribution::VerdictKind::kIdentified, .parameters = {"U"}}, evidence);
  EXPECT_EQ(beside.explanation.back(), "And board/T1 misreads: stuck for 90 s (P = 0.990).");
  int told = 0;
  for (const std::string& sentence : beside.explanation) told += sentence.starts_with("And ");
  EXPECT_EQ(told, 1);
  const Story blamed = TellBoard(
      "two_heater", {.kind = attribution::VerdictKind::kSensorFault, .channels = {"board/T1"}},
      evidence);
  EXPECT_EQ(blamed.explanation[0],
            "Ruled out: a wrong assumption. The best are alpha1 (inclusion 0.004, 12.5 nats "
            "alone), tau (inclusion < 0.001, -2 nats alone), against board/T1: stuck for 90 s "
            "(inclusion 0.99).");
}

}  // namespace
}  // namespace parallax::pipeline
