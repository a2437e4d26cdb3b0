// TwinService: what the twins say of themselves, and predictions of stored runs and of others.
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

class SimulationTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (uint64_t seq = 0; seq < 4; ++seq) stream.Send(BoardBatch(seq, /*rows=*/50));
    ASSERT_EQ(stream.AwaitAck(3).seq(), 3u);
  }

  /// The field that a simulation is refused for; empty where it is not.
  std::string RefusedField(const v1::SimulateRequest& request) {
    grpc::ClientContext context;
    auto reader = twin_->Simulate(&context, request);
    v1::SimulateResponse part;
    EXPECT_FALSE(reader->Read(&part));
    const absl::Status status = FromGrpc(reader->Finish());
    const auto detail = DetailOf(status);
    EXPECT_TRUE(detail.has_value()) << status;
    return detail.has_value() ? detail->field() : "";
  }

  /// A minute of heat on a board that is not stored.
  static v1::SimulateRequest RecipeRequest() {
    v1::SimulateRequest request;
    *request.mutable_inline_run()->mutable_rig() = BoardRequest("board").rig();
    *request.mutable_inline_run()->mutable_run() = RunRequest("board", "one").run();
    v1::Segment* segment = request.mutable_inline_run()->mutable_run()->add_segments();
    segment->set_end_s(60.0);
    (*segment->mutable_setpoints())["Q1"].set_value(50.0);
    (*segment->mutable_setpoints())["Q2"].set_value(0.0);
    request.set_mode(v1::DRIVE_MODE_RECIPE);
    return request;
  }

  v1::SimulateResponse FirstPart(const v1::SimulateRequest& request) {
    grpc::ClientContext context;
    auto reader = twin_->Simulate(&context, request);
    v1::SimulateResponse first;
    EXPECT_TRUE(reader->Read(&first));
    v1::SimulateResponse rest;
    while (reader->Read(&rest)) {
    }
    EXPECT_TRUE(reader->Finish().ok());
    return first;
  }
};

TEST_F(SimulationTest, TwinsAreListedDescribedAndSimulated) {
  const auto twins = Call(*twin_, &v1::TwinService::Stub::ListTwins, v1::ListTwinsRequest());
  ASSERT_TRUE(twins.ok());
  ASSERT_EQ(twins->twins_size(), 3);
  EXPECT_EQ(twins->twins(2).name(), "twins/two_heater");
  v1::SimulateRequest request;
  request.set_run("rigs/board/runs/one");
  request.set_mode(v1::DRIVE_MODE_MEASURED);
  grpc::ClientContext context;
  auto reader = twin_->Simulate(&context, request);
  v1::SimulateResponse part;
  ASSERT_TRUE(reader->Read(&part)) << FromGrpc(reader->Finish());
  ASSERT_EQ(part.signals_size(), 2);
  EXPECT_EQ(part.signals(0).channel(), "board/T1");
  EXPECT_EQ(part.signals(0).unit(), "Cel");
  EXPECT_EQ(part.signals(0).value_size(), part.time_s_size());
  EXPECT_GT(part.signals(0).value(part.time_s_size() - 1), part.signals(0).value(0))
      << "a heater at half power warms the board";
  while (reader->Read(&part)) {
  }
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(SimulationTest, AnOutputWithoutAChannelHasTheTwinsNameAndUnit) {
  v1::SimulateRequest request = RecipeRequest();
  request.mutable_inline_run()->mutable_rig()->mutable_devices(0)->mutable_channels()->RemoveLast();
  const v1::SimulateResponse part = FirstPart(request);
  ASSERT_EQ(part.signals_size(), 2);
  EXPECT_EQ(part.signals(0).channel(), "board/T1");
  EXPECT_EQ(part.signals(0).unit(), "Cel");
  EXPECT_EQ(part.signals(1).channel(), "T2");
  EXPECT_EQ(part.signals(1).unit(), "K");
  EXPECT_NEAR(part.signals(1).value(0), 296.15, 1.0);
  EXPECT_EQ(part.domain_exits_size(), 0);
}

TEST_F(SimulationTest, APredictionThatLeavesTheDomainSaysHowFar) {
  v1::SimulateRequest request = RecipeRequest();
  (*request.mutable_inline_run()->mutable_rig()->mutable_geometry())["ambient_k"] = 240.0;
  const v1::SimulateResponse part = FirstPart(request);
  ASSERT_EQ(part.domain_exits_size(), 1);
  const v1::DomainExit& exit = part.domain_exits(0);
  EXPECT_EQ(exit.quantity(), "sensor_temperature");
  EXPECT_EQ(exit.unit(), "K");
  EXPECT_NEAR(exit.reached_low(), 240.0, 0.1);
  EXPECT_EQ(exit.low(), 250.0);
  EXPECT_EQ(exit.high(), 420.0);
  EXPECT_LT(exit.reached_high(), exit.high());
  EXPECT_EQ(part.outside_domain(0).low(), exit.reached_low());
}

TEST_F(SimulationTest, ARecipeThatTheTwinCannotRunIsNamedByItsPath) {
  v1::SimulateRequest request = RecipeRequest();
  request.mutable_inline_run()->mutable_run()->mutable_segments(0)->mutable_setpoints()->erase(
      "Q2");
  EXPECT_EQ(RefusedField(request), "inline_run.run.segments");
  request = RecipeRequest();
  request.mutable_inline_run()->mutable_rig()->mutable_geometry()->erase("shared_area_m2");
  EXPECT_EQ(RefusedField(request), "inline_run.rig.geometry[shared_area_m2]");
}

TEST_F(SimulationTest, ARunThatIsNotStoredIsSimulatedWithABand) {
  v1::SimulateRequest request;
  *request.mutable_inline_run()->mutable_rig() = BoardRequest("board").rig();
  *request.mutable_inline_run()->mutable_run() = RunRequest("board", "one").run();
  *request.mutable_inline_run()->add_batches() = BoardBatch(0, 60).batch();
  request.set_mode(v1::DRIVE_MODE_MEASURED);
  request.set_draws(16);
  grpc::ClientContext context;
  auto reader = twin_->Simulate(&context, request);
  v1::SimulateResponse part;
  ASSERT_TRUE(reader->Read(&part)) << FromGrpc(reader->Finish());
  ASSERT_EQ(part.signals_size(), 2);
  const v1::PredictedBand& band = part.signals(0).band();
  ASSERT_EQ(band.median_size(), part.time_s_size());
  const int last = part.time_s_size() - 1;
  EXPECT_LT(band.low_95(last), band.low_50(last));
  EXPECT_LT(band.low_50(last), band.median(last));
  EXPECT_LT(band.median(last), band.high_50(last));
  EXPECT_LT(band.high_50(last), band.high_95(last));
}

TEST_F(SimulationTest, ARecipeIsForetoldOnAStoredRigWithItsOwnParameters) {
  v1::SimulateRequest described = RecipeRequest();
  (*described.mutable_overrides())["U"] = 6.0;
  v1::SimulateRequest stored = described;
  stored.set_rig("rigs/board");
  EXPECT_EQ(RefusedField(stored), "inline_run.rig");
  stored.mutable_inline_run()->clear_rig();
  EXPECT_EQ(FirstPart(stored).SerializeAsString(), FirstPart(described).SerializeAsString());
  stored.set_parameter_set("rigs/board/parameterSets/0");
  EXPECT_EQ(FirstPart(stored).signals_size(), 2);
  (*stored.mutable_inline_run()->mutable_assumptions())["U"] = 6.0;
  EXPECT_EQ(RefusedField(stored), "inline_run.assumptions");
  stored.mutable_inline_run()->clear_assumptions();
  stored.set_parameter_set("rigs/other/parameterSets/0");
  EXPECT_EQ(RefusedField(stored), "parameter_set");
}

TEST_F(SimulationTest, ARigIsOfARecipeAlone) {
  v1::SimulateRequest request;
  request.set_run("rigs/board/runs/one");
  request.set_rig("rigs/board");
  request.set_mode(v1::DRIVE_MODE_RECIPE);
  EXPECT_EQ(RefusedField(request), "rig");
  request = RecipeRequest();
  request.mutable_inline_run()->clear_rig();
  request.set_rig("board");
  EXPECT_EQ(RefusedField(request), "rig");
}

TEST_F(SimulationTest, ASimulationOfBothAStoredRunAndAnotherIsRefused) {
  v1::SimulateRequest request;
  request.set_run("rigs/board/runs/one");
  request.mutable_inline_run();
  request.set_mode(v1::DRIVE_MODE_RECIPE);
  EXPECT_EQ(RefusedField(request), "run");
}

TEST_F(SimulationTest, MoreDrawsThanMemoryIsKeptForAreRefused) {
  v1::SimulateRequest request;
  request.set_run("rigs/board/runs/one");
  request.set_mode(v1::DRIVE_MODE_MEASURED);
  request.set_draws(1000);
  EXPECT_EQ(RefusedField(request), "draws");
}

TEST_F(SimulationTest, AnUnknownOverrideIsNamed) {
  v1::SimulateRequest request;
  request.set_run("rigs/board/runs/one");
  request.set_mode(v1::DRIVE_MODE_MEASURED);
  (*request.mutable_overrides())["alpah1"] = 0.01;
  EXPECT_EQ(RefusedField(request), "overrides[alpah1]");
}

}  // namespace
}  // namespace parallax::server
