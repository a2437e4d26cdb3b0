#include <gmock/gmock.h>

#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/store/check.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Jobs that end at once with what a test says.
class ProductTest : public StoreTest {
 protected:
  JobRow Claim(JobKind kind) {
    JobRow job{.key = "k" + std::to_string(++asked_), .rig = "r", .kind = kind};
    job.calibrate_runs = {"a"};
    if (kind == JobKind::kDesign) job.order = Order();
    EXPECT_TRUE(store_->InsertJob(job).ok());
    return store_->ClaimJob().value().value();
  }
  static DesignOrder Order() {
    return {.report = "r1",
            .aim = DesignAim::kGoal,
            .outcome = "height",
            .direction = Direction::kMinimize,
            .count = 3,
            .limits = {{"stage", 900.0, 1100.5}},
            .threshold = 0.1};
  }
  static AnalysisProduct Analysis() {
    return {{.verdict = "AMBIGUOUS", .bytes = "{\"gap\":1}", .runs = {"a"}}, std::nullopt};
  }
  static DesignRow Design() {
    return {.report = "r1", .kind = "GOAL", .headline = "Grow hotter.", .bytes = "{\"goal\":1}"};
  }
  static ModelRow Model(const std::string& state) {
    return {.state = state,
            .parameter_set = 0,
            .card = "{\"use\":\"RESIDUAL\"}",
            .bytes = std::string("\0model", 6),
            .runs = {"a"},
            .reason = "because"};
  }
  void Store(JobKind kind, JobProduct product) {
    ASSERT_EQ(store_->FinishJob(Claim(kind), std::move(product)), absl::OkStatus());
  }
  ModelRow Promote(int64_t revision) {
    return store_
        ->PromoteModel("r", revision, store_->GetModel("r", revision)->etag,
                       {"ann", "it is better"})
        .value();
  }

  int asked_ = 0;
};

TEST_F(ProductTest, ADesignIsKeptWithWhatItWasAskedAndItsReport) {
  Store(JobKind::kAnalysis, Analysis());
  const JobRow job = Claim(JobKind::kDesign);
  EXPECT_EQ(job.kind, JobKind::kDesign);
  EXPECT_EQ(job.order, Order());
  ASSERT_EQ(store_->FinishJob(job, Design()), absl::OkStatus());
  EXPECT_EQ(store_->GetJob(job.id)->design, "d1");
  EXPECT_EQ(store_->GetJob(job.id)->report, "");
  const DesignRow design = store_->GetDesign("r", "d1").value();
  EXPECT_EQ(design.kind, "GOAL");
  EXPECT_EQ(design.report, "r1");
  EXPECT_EQ(design.headline, "Grow hotter.");
  EXPECT_EQ(design.bytes, "{\"goal\":1}");
  EXPECT_EQ(design.sha256, base::Sha256Hex(design.bytes));
  EXPECT_EQ(design.create_time_unix_ns, absl::ToUnixNanos(clock_.now));
  EXPECT_FALSE(design.superseded);
  EXPECT_TRUE(absl::IsNotFound(store_->GetDesign("r", "d2").status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetDesign("nobody", "d1").status()));
}

TEST_F(ProductTest, AModelIsKeptWithItsCardAndItsFile) {
  const JobRow job = Claim(JobKind::kTraining);
  ASSERT_EQ(store_->FinishJob(job, Model("CANDIDATE")), absl::OkStatus());
  EXPECT_EQ(store_->GetJob(job.id)->model, 1);
  const ModelRow model = store_->GetModel("r", 1).value();
  EXPECT_EQ(model.state, "CANDIDATE");
  EXPECT_EQ(model.card, "{\"use\":\"RESIDUAL\"}");
  EXPECT_EQ(model.bytes, std::string("\0model", 6));
  EXPECT_EQ(model.sha256, base::Sha256Hex(model.bytes));
  EXPECT_THAT(model.runs, ElementsAre("a"));
  EXPECT_EQ(model.parameter_set, 0);
  EXPECT_TRUE(absl::IsNotFound(store_->GetModel("r", 2).status()));
  const absl::Status none = store_->GetModel("r", -1).status();
  EXPECT_TRUE(absl::IsNotFound(none));
  EXPECT_THAT(std::string(none.message()), HasSubstr("no current model"));
}

TEST_F(ProductTest, AJobMakesWhatIsOfItsKindOrNothing) {
  Store(JobKind::kAnalysis, Analysis());
  const JobRow design = Claim(JobKind::kDesign);
  EXPECT_TRUE(absl::IsInvalidArgument(store_->FinishJob(design, Analysis())));
  EXPECT_TRUE(absl::IsInvalidArgument(store_->FinishJob(design, Model("CANDIDATE"))));
  DesignRow stray = Design();
  stray.report = "r9";
  EXPECT_TRUE(absl::IsNotFound(store_->FinishJob(design, stray)));
  const JobRow training = Claim(JobKind::kTraining);
  EXPECT_TRUE(absl::IsInvalidArgument(store_->FinishJob(training, Model("CURRENT"))));
  ModelRow wrong = Model("CANDIDATE");
  wrong.sha256 = std::string(64, '0');
  EXPECT_TRUE(absl::IsInvalidArgument(store_->FinishJob(training, wrong)));
  EXPECT_THAT(store_->ListDesigns("r", {}).value(), IsEmpty());
  EXPECT_THAT(store_->ListModels("r", {}).value(), IsEmpty());
  ASSERT_TRUE(store_->CancelJob(training.id).ok());
  EXPECT_TRUE(absl::IsAborted(store_->FinishJob(training, Model("CANDIDATE"))));
  EXPECT_THAT(store_->ListModels("r", {}).value(), IsEmpty());
}

TEST_F(ProductTest, TheAnalysisOfAReportIsFound) {
  Store(JobKind::kAnalysis, Analysis());
  Store(JobKind::kDesign, Design());
  const JobRow job = store_->GetJobOfReport("r", "r1").value();
  EXPECT_EQ(job.kind, JobKind::kAnalysis);
  EXPECT_THAT(job.calibrate_runs, ElementsAre("a"));
  EXPECT_TRUE(absl::IsNotFound(store_->GetJobOfReport("r", "r2").status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetJobOfReport("r", "").status()));
}

TEST_F(ProductTest, ListsComeNewestFirstInPages) {
  Store(JobKind::kAnalysis, Analysis());
  for (int i = 0; i < 3; ++i) {
    Store(JobKind::kDesign, Design());
    Store(JobKind::kTraining, Model(i == 1 ? "REFUSED" : "CANDIDATE"));
  }
  const std::vector<DesignRow> designs = store_->ListDesigns("r", {"", 2}).value();
  ASSERT_EQ(designs.size(), 2u);
  EXPECT_EQ(designs[0].id, "d3");
  EXPECT_EQ(store_->ListDesigns("r", {"d2", 2})->at(0).id, "d1");
  const std::vector<ModelRow> models = store_->ListModels("r", {"", 2}).value();
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].revision, 3);
  EXPECT_EQ(store_->ListModels("r", {"2", 2})->at(0).revision, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(store_->ListDesigns("r", {"2", 2}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(store_->ListModels("r", {"m2", 2}).status()));
}

TEST_F(ProductTest, OneModelIsCurrentAndTheEtagTellsOfAPromotionMeanwhile) {
  Store(JobKind::kTraining, Model("CANDIDATE"));
  Store(JobKind::kTraining, Model("CANDIDATE"));
  const std::string looked_at = store_->GetModel("r", 2)->etag;
  EXPECT_EQ(Promote(1).state, "CURRENT");
  const absl::Status late = store_->PromoteModel("r", 2, looked_at, {"bob", ""}).status();
  EXPECT_TRUE(absl::IsAborted(late));
  EXPECT_EQ(base::FieldErrorOf(late)->field, "etag");
  const ModelRow second = Promote(2);
  EXPECT_EQ(second.promoter, "ann");
  EXPECT_EQ(second.reason, "it is better");
  EXPECT_EQ(second.promote_time_unix_ns, absl::ToUnixNanos(clock_.now));
  EXPECT_EQ(store_->GetModel("r", -1)->revision, 2);
  EXPECT_EQ(store_->GetModel("r", 1)->state, "RETIRED");
  EXPECT_EQ(Promote(2).etag, second.etag) << "it is current: nothing changes";
  EXPECT_EQ(Promote(1).state, "CURRENT") << "one that was current may be so again";
}

TEST_F(ProductTest, ARefusedModelIsNotPromoted) {
  Store(JobKind::kTraining, Model("REFUSED"));
  const absl::Status refused =
      store_->PromoteModel("r", 1, store_->GetModel("r", 1)->etag, {"ann", ""}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(base::FieldErrorOf(refused)->value, "REFUSED");
  EXPECT_TRUE(absl::IsNotFound(store_->PromoteModel("r", 2, "", {}).status()));
}

TEST_F(ProductTest, LateDataSupersedesDesignsWithTheirReportAndModels) {
  const int64_t stream = OpenStream("a", "p");
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(0, 1, 1, kStartNs)).ok());
  Store(JobKind::kAnalysis, Analysis());
  Store(JobKind::kDesign, Design());
  Store(JobKind::kTraining, Model("CANDIDATE"));
  EXPECT_FALSE(store_->GetModel("r", 1)->superseded);
  const JobRow training = Claim(JobKind::kTraining);
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(1, 1, 1, kStartNs)).ok());
  EXPECT_TRUE(store_->GetDesign("r", "d1")->superseded);
  EXPECT_TRUE(store_->GetModel("r", 1)->superseded);
  ASSERT_TRUE(store_->FinishJob(training, Model("CANDIDATE")).ok());
  EXPECT_TRUE(store_->GetModel("r", 2)->superseded) << "it came while the job ran";
}

TEST_F(ProductTest, AModelHoldsItsRunsUntilItIsSupersededAndOutOfUse) {
  ASSERT_TRUE(
      store_->UpdateRig("r", store_->GetRig("r")->etag, {.keep_samples = absl::Hours(1)}).ok());
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  clock_.now += absl::Hours(2);
  Store(JobKind::kTraining, Model("CANDIDATE"));
  EXPECT_THAT(store_->ListRunsToRetire().value(), IsEmpty());
  const absl::Status held = store_->RetireRun("r", "a").status();
  EXPECT_THAT(std::string(held.message()), HasSubstr("model 1 learned from them"));
  Promote(1);
  ASSERT_TRUE(store_->RecordOutcome("r", "a", {.measured_at_unix_ns = 1}).ok());
  EXPECT_TRUE(store_->GetModel("r", 1)->superseded);
  EXPECT_THAT(store_->ListRunsToRetire().value(), IsEmpty()) << "it is in use";
  Store(JobKind::kTraining, [] {
    ModelRow other = Model("CANDIDATE");
    other.runs.clear();
    return other;
  }());
  Promote(2);
  EXPECT_THAT(store_->ListRunsToRetire().value(), ElementsAre(RunKey{"r", "a"}));
}

TEST_F(ProductTest, DamageOfTheirBytesIsNamed) {
  Store(JobKind::kAnalysis, Analysis());
  Store(JobKind::kDesign, Design());
  Store(JobKind::kTraining, Model("CANDIDATE"));
  const StoreCheck sound = CheckStore(directory_.path()).value();
  EXPECT_THAT(sound.damages, IsEmpty());
  EXPECT_EQ(sound.designs, 1);
  EXPECT_EQ(sound.models, 1);
  ASSERT_EQ(Tamper("UPDATE design SET bytes = '{}'"), 1);
  ASSERT_EQ(Tamper("UPDATE model SET bytes = x'00'"), 1);
  EXPECT_TRUE(absl::IsDataLoss(store_->GetDesign("r", "d1").status()));
  EXPECT_TRUE(absl::IsDataLoss(store_->ListModels("r", {}).status()));
  EXPECT_THAT(CheckStore(directory_.path())->damages,
              ElementsAre(HasSubstr("design d1 of rig"), HasSubstr("model 1 of rig")));
}

}  // namespace
}  // namespace parallax::store
