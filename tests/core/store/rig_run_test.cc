#include <gtest/gtest.h>

#include "core/base/field_error.h"
#include "core/store/record_codec.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

using RigTest = StoreTest;
using RunTest = StoreTest;
using RequestTest = StoreTest;

signal::Outcome MakeOutcome() {
  signal::Outcome outcome;
  outcome.measured_at_unix_ns = kStartNs + 5;
  outcome.chirality_method = "PLE";
  outcome.chirality_counts = 120;
  outcome.chirality = {{7, 5, 0.1 + 0.2, 0.01}};
  outcome.height_um = signal::Measurement{12.5, 0.3};
  outcome.raman_rbm = {{282.1, 0.7, 0.05}};
  return outcome;
}

TEST_F(RigTest, KeepsEveryFieldOfARig) {
  const absl::StatusOr<RigRow> row = store_->GetRig("r");
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->title, "Bench");
  EXPECT_EQ(row->twin, "two_heater");
  EXPECT_EQ(row->create_time_unix_ns, absl::ToUnixNanos(clock_.now));
  EXPECT_EQ(EncodeRig(row->rig).value(), EncodeRig(MakeRig(kChannels)).value());
  EXPECT_EQ(row->rig.devices[0].channels[2].attributes.at("zone"), 2.1);
  EXPECT_EQ(row->rig.devices[0].channels[2].role, signal::Role::kMeasured);
}

TEST_F(RigTest, AssumptionsBecomeParameterSetZero) {
  const absl::StatusOr<ParameterSetRow> set = store_->GetParameterSet("r", 0);
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->bytes, "{\"U\":10}");
  EXPECT_EQ(set->parent, -1);
  EXPECT_EQ(set->sha256.size(), 64u);
  EXPECT_EQ(store_->GetParameterSet("r", -1)->revision, 0);
}

TEST_F(RigTest, ATakenIdIsRefusedAndStoresNothing) {
  RigRow rig;
  rig.rig = MakeRig(1);
  ParameterSetRow set;
  set.state = "CURRENT";
  EXPECT_TRUE(absl::IsAlreadyExists(store_->CreateRig(rig, set)));
  EXPECT_EQ(store_->ListParameterSets("r", {})->size(), 1u);
  EXPECT_EQ(store_->GetRig("r")->rig.devices[0].channels.size(), kChannels);
}

TEST_F(RigTest, ARigWithAWrongDigestOfItsAssumptionsIsNotHalfStored) {
  RigRow rig;
  rig.rig = MakeRig(1);
  rig.rig.id = "second";
  ParameterSetRow set;
  set.state = "CURRENT";
  set.sha256 = "00";
  EXPECT_TRUE(absl::IsInvalidArgument(store_->CreateRig(rig, set)));
  EXPECT_TRUE(absl::IsNotFound(store_->GetRig("second").status()));
}

TEST_F(RigTest, ATitleChangesOnlyWithTheStoredEtag) {
  const std::string etag = store_->GetRig("r")->etag;
  const absl::StatusOr<RigRow> updated = store_->UpdateRig("r", etag, {.title = "New"});
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(updated->title, "New");
  EXPECT_NE(updated->etag, etag);
  EXPECT_TRUE(absl::IsAborted(store_->UpdateRig("r", etag, {.title = "Lost"}).status()));
  EXPECT_EQ(store_->GetRig("r")->title, "New");
  EXPECT_TRUE(absl::IsNotFound(store_->UpdateRig("x", etag, {.title = "New"}).status()));
}

TEST_F(RigTest, AnUpdateLeavesWhatItDoesNotName) {
  RigRow row = store_->GetRig("r").value();
  EXPECT_EQ(row.recalibration, Recalibration::kOff);
  row = store_
            ->UpdateRig("r", row.etag,
                        {.title = "Bench",
                         .recalibration = Recalibration::kPromote,
                         .webhook = Webhook{"http://lab/ends", "a secret of the lab"}})
            .value();
  row = store_->UpdateRig("r", row.etag, {.title = "New"}).value();
  EXPECT_EQ(row.recalibration, Recalibration::kPromote);
  EXPECT_EQ(row.webhook.url, "http://lab/ends");
  EXPECT_EQ(store_->GetRig("r")->webhook.secret, "a secret of the lab");
  EXPECT_EQ(store_->ListRigs({})->at(0).recalibration, Recalibration::kPromote);
}

TEST_F(RigTest, ListsPagesInOrderOfId) {
  for (const char* id : {"q", "z", "s"}) {
    RigRow rig;
    rig.rig = MakeRig(1);
    rig.rig.id = id;
    ParameterSetRow set;
    set.state = "CURRENT";
    ASSERT_TRUE(store_->CreateRig(rig, set).ok());
  }
  const std::vector<RigRow> first = store_->ListRigs({"", 3}).value();
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].rig.id, "q");
  EXPECT_EQ(first[2].rig.id, "s");
  const std::vector<RigRow> rest = store_->ListRigs({"s", 3}).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].rig.id, "z");
}

TEST_F(RunTest, KeepsEveryFieldOfARun) {
  signal::Run run;
  run.id = "full";
  run.started_at_unix_ns = kStartNs + 1;
  run.recipe.segments = {{"heat", 0.1, 60.5, {{"c0", {900.25, true}}}}};
  run.substrate = signal::Substrate{"quartz", 1e-3};
  run.catalyst = signal::Catalyst{"CoMo/SiO2", "C2H5OH", 300, 20};
  run.notes = "naïve \"quotes\"\n";
  run.split = signal::Split::kValidate;
  ASSERT_TRUE(store_->OpenRun("r", run).ok());
  const absl::StatusOr<RunRow> row = store_->GetRun("r", "full");
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(EncodeRun(row->run).value(), EncodeRun(run).value());
  EXPECT_EQ(row->run.recipe.segments[0].setpoints.at("c0").value, 900.25);
  EXPECT_EQ(row->run.split, signal::Split::kValidate);
  EXPECT_FALSE(row->closed);
  EXPECT_FALSE(row->outcome.has_value());
}

TEST_F(RunTest, TheSameRunAgainIsFineAndAnotherUnderItsIdIsRefused) {
  signal::Run run;
  run.id = "a";
  run.started_at_unix_ns = kStartNs;
  EXPECT_TRUE(store_->OpenRun("r", run).ok());
  run.notes = "another";
  EXPECT_TRUE(absl::IsAlreadyExists(store_->OpenRun("r", run)));
  EXPECT_TRUE(absl::IsNotFound(store_->OpenRun("nobody", run)));
}

TEST_F(RunTest, NotesThatAreNotUtf8AreRefused) {
  signal::Run run;
  run.id = "b";
  run.notes = "\xff";
  EXPECT_TRUE(absl::IsInvalidArgument(store_->OpenRun("r", run)));
}

TEST_F(RunTest, ClosesAndKeepsAnOutcome) {
  ASSERT_TRUE(store_->CloseRun("r", "a").ok());
  ASSERT_TRUE(store_->RecordOutcome("r", "a", MakeOutcome()).ok());
  const absl::StatusOr<RunRow> row = store_->GetRun("r", "a");
  EXPECT_TRUE(row->closed);
  EXPECT_EQ(EncodeOutcome(*row->outcome).value(), EncodeOutcome(MakeOutcome()).value());
  EXPECT_EQ(row->outcome->chirality[0].share, 0.1 + 0.2);
  EXPECT_TRUE(absl::IsNotFound(store_->CloseRun("r", "nowhere")));
  EXPECT_TRUE(absl::IsNotFound(store_->RecordOutcome("r", "nowhere", {})));
}

TEST_F(RunTest, ListsPagesInOrderOfStartThenId) {
  for (const auto& [id, start] : std::map<std::string, int64_t>{{"d", 3}, {"e", 1}, {"f", 3}}) {
    signal::Run run;
    run.id = id;
    run.started_at_unix_ns = start;
    ASSERT_TRUE(store_->OpenRun("r", run).ok());
  }
  const std::vector<RunRow> first = store_->ListRuns("r", {"", 2}).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].run.id, "e");
  EXPECT_EQ(first[1].run.id, "d");
  const std::vector<RunRow> rest = store_->ListRuns("r", {"d", 9}).value();
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].run.id, "f");
  EXPECT_EQ(rest[1].run.id, "a");
  for (const absl::Status& status : {store_->ListRuns("r", {"nowhere", 9}).status(),
                                     store_->ListJobs("r", {"nowhere", 9}).status()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status.ToString();
    EXPECT_EQ(base::FieldErrorOf(status)->field, "page_token");
    EXPECT_EQ(base::FieldErrorOf(status)->value, "nowhere");
  }
  EXPECT_TRUE(absl::IsNotFound(store_->ListRuns("nobody", {}).status()));
}

TEST_F(RequestTest, AnAnswerIsFoundForADayUnderItsScope) {
  ASSERT_TRUE(store_->RecordRequest("CreateRig", "id-1", std::string("a\0b", 3)).ok());
  EXPECT_EQ(store_->FindRequest("CreateRig", "id-1").value(), std::string("a\0b", 3));
  EXPECT_EQ(store_->FindRequest("OpenRun", "id-1").value(), std::nullopt);
  clock_.now += absl::Hours(25);
  EXPECT_EQ(store_->FindRequest("CreateRig", "id-1").value(), std::nullopt);
}

TEST(RecordCodec, InfiniteRangesSurvive) {
  signal::Rig rig = MakeRig(1);
  rig.devices[0].channels[0].range_low = -HUGE_VAL;
  rig.devices[0].channels[0].range_high = HUGE_VAL;
  rig.devices[0].channels[0].reference = signal::GasReference{293.15, 1e5};
  const signal::Rig back = DecodeRig(EncodeRig(rig).value()).value();
  EXPECT_EQ(back.devices[0].channels[0].range_low, -HUGE_VAL);
  EXPECT_EQ(back.devices[0].channels[0].range_high, HUGE_VAL);
  EXPECT_EQ(back.devices[0].channels[0].reference->temperature_k, 293.15);
}

TEST(RecordCodec, TextThatIsNoRecordIsDataLoss) {
  EXPECT_TRUE(absl::IsDataLoss(DecodeRig("{}").status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeRun("not json").status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeOutcome("[1,2]").status()));
}

}  // namespace
}  // namespace parallax::store
