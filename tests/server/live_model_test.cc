// What a rig's current model says of a run's recipe while the run goes on.
#include <gmock/gmock.h>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/pipeline/residual_model.h"
#include "core/pipeline/run_features.h"
#include "server/convert.h"
#include "tests/server/watch_fixture.h"
#include "tests/support/campaign_files.h"

namespace parallax::server {
namespace {

using ::testing::HasSubstr;

constexpr int kTrainingRuns = 10;

class LiveModelTest : public WatchingTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    store_->HoldJobs();
    rig_ = parallax::testing::ReadRig(PARALLAX_TEST_DATA "/swcnt-case-a/rig.json");
    run_ = parallax::testing::ReadRunFolder(rig_, PARALLAX_TEST_DATA "/swcnt-case-a/runs/r01").run;
    v1::CreateRigRequest create;
    create.set_rig_id(rig_.id);
    *create.mutable_rig() = RigToProto({.rig = rig_, .twin = "swcnt_cvd"});
    create.mutable_rig()->clear_name();
    const auto created = Call(*ingest_, &v1::IngestService::Stub::CreateRig, create);
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_EQ(store_->inner().OpenRun(rig_.id, run_), absl::OkStatus());
  }

  /// A model of mean diameters that was learnt at `factor` times the run's seconds of growth, a
  /// little more and a little less.
  pipeline::ResidualModel ModelAround(double factor) const {
    const double grow_s =
        pipeline::SelectFeatures(pipeline::FeaturesOf(rig_, run_).value(), {"grow_s"}).value()(0);
    surrogate::Dataset data{.feature_names = {"grow_s"},
                            .features = Eigen::MatrixXd(kTrainingRuns, 1),
                            .outcome_name = "mean_diameter",
                            .outcomes = Eigen::VectorXd(kTrainingRuns)};
    for (int i = 0; i < kTrainingRuns; ++i) {
      const double off = (i - 0.5 * (kTrainingRuns - 1)) / kTrainingRuns;
      data.features(i, 0) = factor * grow_s * (1.0 + 0.2 * off);
      data.outcomes(i) = 1e-11 * (off + (i % 2 == 0 ? 0.3 : -0.3));
    }
    return pipeline::ResidualModel(
        {{.outcome = data.outcome_name,
          .unit = "m",
          .features = data.feature_names,
          .domain = surrogate::FeatureDomain::Fit(data.features, {{"grow_s", "s"}}).value(),
          .residual = surrogate::FitGaussianProcess(data, {}).value(),
          .scatter = 3e-12}});
  }

  /// Puts a model to use, as if a training had ended with it.
  void Promote(const pipeline::ResidualModel& model) {
    store::Store& store = store_->inner();
    ASSERT_TRUE(store
                    .InsertJob({.key = "training" + std::to_string(++trainings_),
                                .rig = rig_.id,
                                .kind = store::JobKind::kTraining,
                                .calibrate_runs = {run_.id},
                                .base_parameter_set = 0})
                    .ok());
    ASSERT_EQ(store.FinishJob(store.ClaimJob()->value(), store::ModelRow{.state = "CANDIDATE",
                                                                         .parameter_set = 0,
                                                                         .card = "{}",
                                                                         .bytes = model.Encode(),
                                                                         .runs = {run_.id}}),
              absl::OkStatus());
    const store::ModelRow row = store.ListModels(rig_.id, {.limit = 1})->front();
    v1::PromoteModelRequest request;
    request.set_name(absl::StrFormat("rigs/%s/models/%d", rig_.id, row.revision));
    request.set_etag(row.etag);
    const auto promoted = Call(*model_, &v1::ModelService::Stub::PromoteModel, request);
    ASSERT_TRUE(promoted.ok()) << promoted.status();
  }

  v1::WatchRequest WatchingTheRun() const {
    return Watching({absl::StrFormat("rigs/%s/runs/%s", rig_.id, run_.id)},
                    v1::WATCH_DETAIL_HEALTH);
  }
  /// What a watcher who begins now is told of the recipe; empty: nothing.
  std::string ToldAtOnce() {
    TestWatch watch(*query_, WatchingTheRun());
    const v1::WatchResponse event = watch.Await(
        [](const v1::WatchResponse& one) { return one.has_detection() || one.has_caught_up(); });
    return event.detection().text();
  }

  signal::Rig rig_;
  signal::Run run_;
  int trainings_ = 0;
};

TEST_F(LiveModelTest, ARecipeThatIsPoorlyUnderstoodAsksForMoreData) {
  TestWatch watch(*query_, WatchingTheRun());
  watch.AwaitCaughtUp();
  Promote(ModelAround(3.0));
  const v1::Detection told =
      watch.Await([](const v1::WatchResponse& event) { return event.has_detection(); }).detection();
  EXPECT_EQ(told.kind(), v1::DETECTION_KIND_POORLY_UNDERSTOOD);
  EXPECT_EQ(told.run(), WatchingTheRun().names(0));
  EXPECT_THAT(told.text(), HasSubstr("more data wanted"));
  EXPECT_THAT(told.text(), HasSubstr("grow_s"));
  EXPECT_EQ(ToldAtOnce(), told.text()) << "to who comes later, too";

  // One that was trained on such recipes has nothing to ask for.
  Promote(ModelAround(1.0));
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (!ToldAtOnce().empty() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(ToldAtOnce(), "");
}

}  // namespace
}  // namespace parallax::server
