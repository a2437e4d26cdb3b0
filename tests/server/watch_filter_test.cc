#include "server/watch_filter.h"

#include <gtest/gtest.h>

#include "core/base/field_error.h"
#include "tests/server/watch_requests.h"
#include "tests/support/status_matchers.h"

namespace parallax::server {
namespace {

using ::parallax::testing::StatusIs;

TEST(WatchFilter, KnowsWhatItIsTold) {
  const auto wants = [](const WatchFilter& filter, WatchTopic topic, const std::string& rig,
                        const std::string& name) {
    return filter.Wants({.topic = topic, .rig = rig, .name = name});
  };
  const WatchFilter rig = FilterOf(Watching({"rigs/a"}, v1::WATCH_DETAIL_HEALTH));
  EXPECT_TRUE(wants(rig, WatchTopic::kState, "a", "rigs/a"));
  EXPECT_TRUE(wants(rig, WatchTopic::kState, "a", "rigs/a/parameterSets/3"));
  EXPECT_TRUE(wants(rig, WatchTopic::kState, "a", "jobs/7"));
  EXPECT_TRUE(wants(rig, WatchTopic::kHealth, "a", "rigs/a/runs/r"));
  EXPECT_FALSE(wants(rig, WatchTopic::kPoints, "a", "rigs/a/runs/r"));
  EXPECT_FALSE(wants(rig, WatchTopic::kState, "ab", "rigs/ab"));

  const WatchFilter named = FilterOf(
      Watching({"rigs/a/runs/r", "rigs/b/parameterSets", "jobs/7"}, v1::WATCH_DETAIL_POINTS));
  EXPECT_TRUE(wants(named, WatchTopic::kPoints, "a", "rigs/a/runs/r"));
  EXPECT_FALSE(wants(named, WatchTopic::kPoints, "a", "rigs/a/runs/s"));
  EXPECT_FALSE(wants(named, WatchTopic::kState, "a", "rigs/a"));
  EXPECT_TRUE(wants(named, WatchTopic::kState, "b", "rigs/b/parameterSets/0"));
  EXPECT_TRUE(wants(named, WatchTopic::kState, "c", "jobs/7"));
  EXPECT_FALSE(wants(named, WatchTopic::kState, "c", "jobs/8"));
  EXPECT_TRUE(named.WantsRun("a", "rigs/a/runs/r"));
  EXPECT_FALSE(named.WantsRun("b", "rigs/b/runs/r"));

  const WatchFilter state = FilterOf(Watching({"rigs/-"}, v1::WATCH_DETAIL_UNSPECIFIED));
  EXPECT_TRUE(wants(state, WatchTopic::kState, "c", "rigs/c/runs/x"));
  EXPECT_FALSE(wants(state, WatchTopic::kFinding, "c", "rigs/c/runs/x"));
  EXPECT_FALSE(state.WantsRun("c", "rigs/c/runs/x"));
}

TEST(WatchFilter, RefusesWhatItCannotKnow) {
  const auto error = [](const v1::WatchRequest& request) {
    const absl::Status status = WatchFilter::Parse(request).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    return base::FieldErrorOf(status).value_or(base::FieldError()).field;
  };
  EXPECT_EQ(error(Watching({})), "names");
  EXPECT_EQ(error(Watching(std::vector<std::string>(257, "rigs/-"))), "names");
  EXPECT_EQ(error(Watching({"rigs/a", "rigs/a"})), "names[1]");
  for (const char* name : {"", "rigs", "rigs/", "rigs/a/runs", "rigs/a/b", "jobs/", "reports/1",
                           "rigs//parameterSets"}) {
    EXPECT_EQ(error(Watching({name})), "names[0]") << name;
  }
  v1::WatchRequest request = Watching({"rigs/a"});
  request.set_detail(static_cast<v1::WatchDetail>(9));
  EXPECT_EQ(error(request), "detail");
}

}  // namespace
}  // namespace parallax::server
