// What QueryService.Watch tells of rigs, runs, parameter sets and jobs, also of what nobody asked
// for.
#include <algorithm>

#include "tests/server/watch_fixture.h"

namespace parallax::server {
namespace {

class WatchStateTest : public WatchingTest {
 protected:
  void SetRecalibration(v1::Recalibration mode) {
    v1::GetRigRequest get;
    get.set_name("rigs/board");
    const auto rig = Call(*query_, &v1::QueryService::Stub::GetRig, get);
    ASSERT_TRUE(rig.ok()) << rig.status();
    v1::UpdateRigRequest update;
    *update.mutable_rig() = rig->rig();
    update.mutable_rig()->set_recalibration(mode);
    ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::UpdateRig, update).ok());
  }
};

TEST_F(WatchStateTest, RigsRunsAndJobsAreToldAsTheyChange) {
  StreamBatches(0, 10);
  TestWatch watch(*query_, Watching({"rigs/-"}, v1::WATCH_DETAIL_STATE));
  EXPECT_EQ(watch.Next().rig().name(), "rigs/board");
  EXPECT_EQ(watch.Next().run().name(), kWatchedRun);
  EXPECT_EQ(watch.Next().parameter_set().state(), v1::PARAMETER_SET_STATE_CURRENT);
  EXPECT_TRUE(watch.Next().has_caught_up());
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CreateRig, BoardRequest("new")).ok());
  EXPECT_EQ(watch.Next().rig().name(), "rigs/new");
  const v1::ParameterSet assumed = watch.Next().parameter_set();
  EXPECT_EQ(assumed.name(), "rigs/new/parameterSets/0");
  EXPECT_EQ(assumed.state(), v1::PARAMETER_SET_STATE_CURRENT);
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::OpenRun, RunRequest("new", "r")).ok());
  EXPECT_EQ(watch.Next().run().name(), "rigs/new/runs/r");
  SetRecalibration(v1::RECALIBRATION_OFF);
  EXPECT_EQ(watch.Next().rig().recalibration(), v1::RECALIBRATION_OFF);
  CloseRun();
  EXPECT_EQ(watch.Next().run().state(), v1::RUN_STATE_CLOSED);
  v1::AnalyzeRequest analyze;
  analyze.set_rig("rigs/board");
  ASSERT_TRUE(Call(*analysis_, &v1::AnalysisService::Stub::Analyze, analyze).ok());
  std::vector<v1::JobState> states;
  watch.Await([&](const v1::WatchResponse& event) {
    if (!event.has_job()) return false;
    states.push_back(event.job().state());
    return event.job().state() == v1::JOB_STATE_SUCCEEDED ||
           event.job().state() == v1::JOB_STATE_FAILED;
  });
  ASSERT_FALSE(states.empty());
  EXPECT_TRUE(std::is_sorted(states.begin(), states.end()));
}

TEST_F(WatchStateTest, WhatIsQueuedAndCancelledByItselfIsTold) {
  store_->HoldJobs();
  StreamBatches(0, 2);
  TestWatch watch(*query_, Watching({"jobs/-"}, v1::WATCH_DETAIL_STATE));
  EXPECT_TRUE(watch.Next().has_caught_up());
  CloseRun();
  const v1::Job queued = watch.Next().job();
  EXPECT_EQ(queued.kind(), v1::JOB_KIND_RECALIBRATION);
  EXPECT_EQ(queued.state(), v1::JOB_STATE_QUEUED);
  SetRecalibration(v1::RECALIBRATION_OFF);
  const auto cancelled = [](const std::string& name) {
    return [name](const v1::WatchResponse& event) {
      return event.job().name() == name && event.job().state() == v1::JOB_STATE_CANCELLED;
    };
  };
  EXPECT_TRUE(watch.Await(cancelled(queued.name())).has_job());
  SetRecalibration(v1::RECALIBRATION_PROMOTE);
  const auto waits = [](const v1::WatchResponse& event) {
    return event.job().state() == v1::JOB_STATE_QUEUED;
  };
  const std::string again = watch.Await(waits).job().name();
  EXPECT_NE(again, queued.name());
  v1::CancelJobRequest cancel;
  cancel.set_name(again);
  ASSERT_TRUE(Call(*analysis_, &v1::AnalysisService::Stub::CancelJob, cancel).ok());
  EXPECT_TRUE(watch.Await(cancelled(again)).has_job());
  StreamBatches(2, 1);  // late: nobody calls, the store queues
  EXPECT_NE(watch.Await(waits).job().name(), again);
}

TEST_F(WatchStateTest, APromotedSetIsToldAfterTheOneThatItRetires) {
  store_->HoldJobs();
  store::Store& store = store_->inner();
  ASSERT_TRUE(store.InsertJob({.key = "k", .rig = "board"}).ok());
  const store::ParameterSetRow set{
      .parent = 0, .state = "CANDIDATE", .bytes = store.GetParameterSet("board", 0)->bytes};
  ASSERT_TRUE(store
                  .FinishJob(store.ClaimJob()->value(),
                             store::AnalysisProduct{{.verdict = "IDENTIFIED", .bytes = "{}"}, set})
                  .ok());
  TestWatch watch(*query_, Watching({"rigs/board/parameterSets"}, v1::WATCH_DETAIL_STATE));
  EXPECT_EQ(watch.Next().parameter_set().state(), v1::PARAMETER_SET_STATE_CURRENT);
  const v1::ParameterSet candidate = watch.Next().parameter_set();
  EXPECT_EQ(candidate.state(), v1::PARAMETER_SET_STATE_CANDIDATE);
  EXPECT_TRUE(watch.Next().has_caught_up());
  v1::PromoteRequest promote;
  promote.set_name(candidate.name());
  promote.set_etag(candidate.etag());
  const auto promoted = Call(*calibration_, &v1::CalibrationService::Stub::Promote, promote);
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  const auto expect = [&](const std::string& revision, v1::ParameterSetState state) {
    const v1::ParameterSet told = watch.Next().parameter_set();
    EXPECT_EQ(told.name(), "rigs/board/parameterSets/" + revision);
    EXPECT_EQ(told.state(), state);
  };
  expect("0", v1::PARAMETER_SET_STATE_RETIRED);
  expect("1", v1::PARAMETER_SET_STATE_CURRENT);
  v1::RollbackRequest rollback;
  rollback.set_rig("rigs/board");
  rollback.set_etag(promoted->parameter_set().etag());
  ASSERT_TRUE(Call(*calibration_, &v1::CalibrationService::Stub::Rollback, rollback).ok());
  expect("1", v1::PARAMETER_SET_STATE_RETIRED);
  expect("0", v1::PARAMETER_SET_STATE_CURRENT);
}

}  // namespace
}  // namespace parallax::server
