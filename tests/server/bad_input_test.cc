// Requests that a daemon must survive: each gets a typed error that names the field, and leaves
// nothing behind.
#include <cmath>
#include <functional>
#include <limits>

#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

using BadInputTest = DaemonTest;

struct BadRig {
  std::string name;
  std::function<void(v1::CreateRigRequest*)> spoil;
  std::string field;
  std::string next_step;  ///< part of it
};

v1::Channel* ChannelOf(v1::CreateRigRequest* request, int index) {
  return request->mutable_rig()->mutable_devices(0)->mutable_channels(index);
}

const std::vector<BadRig>& BadRigs() {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  static const auto* const table = new std::vector<BadRig>{
      {"unknown unit", [](auto* r) { ChannelOf(r, 2)->set_unit("degC"); },
       "rig.devices[0].channels[2].unit", "did you mean \"Cel\"?"},
      {"no unit", [](auto* r) { ChannelOf(r, 0)->set_unit(""); }, "rig.devices[0].channels[0].unit",
       ""},
      {"unknown parameter", [](auto* r) { (*r->mutable_assumptions())["alpah1"] = 0.01; },
       "assumptions[alpah1]", "did you mean \"alpha1\""},
      {"NaN assumption", [](auto* r) { (*r->mutable_assumptions())["U"] = kNan; }, "assumptions[U]",
       ""},
      {"assumption out of bounds", [](auto* r) { (*r->mutable_assumptions())["U"] = -1.0; },
       "assumptions[U]", "W/m2/K"},
      {"unknown twin", [](auto* r) { r->mutable_rig()->set_twin("two_heatr"); }, "rig.twin",
       "did you mean \"two_heater\"?"},
      {"kind of another twin", [](auto* r) { r->mutable_rig()->set_kind("furnace"); }, "rig.kind",
       ""},
      {"NaN noise", [](auto* r) { ChannelOf(r, 1)->set_noise_sd(kNan); },
       "rig.devices[0].channels[1].noise_sd", ""},
      {"negative rate", [](auto* r) { ChannelOf(r, 1)->set_rate_hz(-1.0); },
       "rig.devices[0].channels[1].rate_hz", ""},
      {"empty range", [](auto* r) { ChannelOf(r, 3)->set_range_high(-50.0); },
       "rig.devices[0].channels[3].range_high", ""},
      {"no role", [](auto* r) { ChannelOf(r, 3)->clear_role(); }, "rig.devices[0].channels[3].role",
       ""},
      {"role of the future", [](auto* r) { ChannelOf(r, 3)->set_role(v1::ChannelRole(77)); },
       "rig.devices[0].channels[3].role", ""},
      {"reference at zero kelvin", [](auto* r) { ChannelOf(r, 3)->mutable_reference(); },
       "rig.devices[0].channels[3].reference.temperature_k", ""},
      {"infinite geometry",
       [](auto* r) { (*r->mutable_rig()->mutable_geometry())["heater_area_m2"] = HUGE_VAL; },
       "rig.geometry[heater_area_m2]", ""},
      {"huge title", [](auto* r) { r->mutable_rig()->set_title(std::string(1'000'000, 'x')); },
       "rig.title", ""},
      {"huge unit", [](auto* r) { ChannelOf(r, 0)->set_unit(std::string(1'000'000, 'x')); },
       "rig.devices[0].channels[0].unit", ""},
      {"a hundred thousand channels",
       [](auto* r) {
         v1::Device* device = r->mutable_rig()->mutable_devices(0);
         for (int i = 0; i < 100'000; ++i) device->add_channels();
       },
       "rig.devices", ""},
      {"a thousand empty devices too many",
       [](auto* r) {
         for (int i = 0; i < 2'000; ++i) r->mutable_rig()->add_devices();
       },
       "rig.devices", ""},
      {"channel twice", [](auto* r) { ChannelOf(r, 1)->set_id("Q1"); },
       "rig.devices[0].channels[1].id", ""},
      {"no devices", [](auto* r) { r->mutable_rig()->clear_devices(); }, "rig.devices", ""},
      {"recalibration of the future",
       [](auto* r) { r->mutable_rig()->set_recalibration(v1::Recalibration(77)); },
       "rig.recalibration", ""},
      {"webhook over TLS",
       [](auto* r) { r->mutable_rig()->mutable_webhook()->set_url("https://lab/ends"); },
       "rig.webhook.url", "plain http"},
      {"webhook with a short secret",
       [](auto* r) {
         r->mutable_rig()->mutable_webhook()->set_url("http://lab/ends");
         r->mutable_rig()->mutable_webhook()->set_secret("short");
       },
       "rig.webhook.secret", ""},
      {"bad rig id", [](auto* r) { r->set_rig_id("a/b"); }, "rig_id", ""},
      {"huge request id", [](auto* r) { r->set_request_id(std::string(10'000, 'x')); },
       "request_id", ""},
  };
  return *table;
}

TEST_F(BadInputTest, EveryBadRigIsRefusedByNameAndNotStored) {
  for (const BadRig& bad : BadRigs()) {
    v1::CreateRigRequest request = BoardRequest("new");
    bad.spoil(&request);
    const auto answer = Call(*ingest_, &v1::IngestService::Stub::CreateRig, request);
    ASSERT_TRUE(absl::IsInvalidArgument(answer.status())) << bad.name << ": " << answer.status();
    const std::optional<v1::ErrorDetail> detail = DetailOf(answer.status());
    ASSERT_TRUE(detail.has_value()) << bad.name;
    EXPECT_EQ(detail->field(), bad.field) << bad.name;
    EXPECT_NE(detail->bound(), "") << bad.name;
    EXPECT_NE(detail->next_step().find(bad.next_step), std::string::npos)
        << bad.name << ": " << detail->next_step();
    EXPECT_LT(answer.status().message().size(), 1000u) << bad.name;
  }
  v1::GetRigRequest get;
  get.set_name("rigs/new");
  EXPECT_TRUE(absl::IsNotFound(Call(*query_, &v1::QueryService::Stub::GetRig, get).status()));
}

TEST_F(BadInputTest, AMessageOverFourMebibytesIsRefused) {
  v1::CreateRigRequest request = BoardRequest("new");
  request.mutable_rig()->set_title(std::string(size_t{5} * 1024 * 1024, 'x'));
  EXPECT_TRUE(absl::IsResourceExhausted(
      Call(*ingest_, &v1::IngestService::Stub::CreateRig, request).status()));
}

struct BadRun {
  std::string name;
  std::function<void(v1::OpenRunRequest*)> spoil;
  std::string field;
};

TEST_F(BadInputTest, EveryBadRunIsRefusedByName) {
  const std::vector<BadRun> table = {
      {"no start", [](auto* r) { r->mutable_run()->clear_start_time(); }, "run.start_time"},
      {"start of no calendar",
       [](auto* r) { r->mutable_run()->mutable_start_time()->set_seconds(INT64_MAX); },
       "run.start_time"},
      {"two billion nanos",
       [](auto* r) { r->mutable_run()->mutable_start_time()->set_nanos(2'000'000'000); },
       "run.start_time"},
      {"start of no clock",
       [](auto* r) { r->mutable_run()->mutable_start_time()->set_seconds(-9'000'000'000); },
       "run.start_time"},
      {"no split", [](auto* r) { r->mutable_run()->clear_split(); }, "run.split"},
      {"bad id", [](auto* r) { r->set_run_id(".../"); }, "run_id"},
      {"negative segment", [](auto* r) { r->mutable_run()->add_segments()->set_start_s(-1.0); },
       "run.segments[0].start_s"},
      {"NaN set-point",
       [](auto* r) {
         (*r->mutable_run()->add_segments()->mutable_setpoints())["Q1"].set_value(NAN);
       },
       "run.segments[0].setpoints[Q1].value"},
      {"set-point of no channel",
       [](auto* r) {
         v1::Segment* segment = r->mutable_run()->add_segments();
         segment->set_name("heat");
         segment->set_end_s(1.0);
         (*segment->mutable_setpoints())["Q9"].set_value(1.0);
       },
       "run.segments[0].setpoints[Q9]"},
      {"segment that ends before it starts",
       [](auto* r) { r->mutable_run()->add_segments()->set_start_s(5.0); },
       "run.segments[0].end_s"},
      {"substrate without thickness", [](auto* r) { r->mutable_run()->mutable_substrate(); },
       "run.substrate.thickness_m"},
  };
  for (const BadRun& bad : table) {
    v1::OpenRunRequest request = RunRequest("board", "new");
    bad.spoil(&request);
    const auto answer = Call(*ingest_, &v1::IngestService::Stub::OpenRun, request);
    ASSERT_TRUE(absl::IsInvalidArgument(answer.status())) << bad.name << ": " << answer.status();
    ASSERT_TRUE(DetailOf(answer.status()).has_value()) << bad.name;
    EXPECT_EQ(DetailOf(answer.status())->field(), bad.field) << bad.name;
  }
}

TEST_F(BadInputTest, EveryBadOutcomeIsRefusedByName) {
  const std::vector<std::pair<std::string, std::function<void(v1::Outcome*)>>> table = {
      {"outcome.chirality",
       [](v1::Outcome* o) {
         o->add_chirality()->set_n(7);
         o->mutable_chirality(0)->set_share(0.5);
       }},
      {"outcome.chirality[0].n", [](v1::Outcome* o) { o->add_chirality(); }},
      {"outcome.chirality[0].m",
       [](v1::Outcome* o) {
         o->add_chirality()->set_n(5);
         o->mutable_chirality(0)->set_m(7);
       }},
      {"outcome.height_um.sd", [](v1::Outcome* o) { o->mutable_height_um()->set_value(3.0); }},
      {"outcome.chirality_counts", [](v1::Outcome* o) { o->set_chirality_counts(-1.0); }},
      {"outcome.raman_rbm[0].shift_per_cm", [](v1::Outcome* o) { o->add_raman_rbm(); }},
  };
  for (const auto& entry : table) {
    v1::RecordOutcomeRequest request;
    request.set_run("rigs/board/runs/one");
    entry.second(request.mutable_outcome());
    const auto answer = Call(*ingest_, &v1::IngestService::Stub::RecordOutcome, request);
    ASSERT_TRUE(absl::IsInvalidArgument(answer.status())) << entry.first;
    EXPECT_EQ(DetailOf(answer.status())->field(), entry.first);
  }
}

}  // namespace
}  // namespace parallax::server
