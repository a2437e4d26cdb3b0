#include "tests/server/rig_samples.h"

#include <utility>

namespace parallax::server {
namespace {

void AddChannel(const std::string& id, const std::string& unit, v1::ChannelRole role, double low,
                double high, v1::Device* device) {
  v1::Channel* channel = device->add_channels();
  channel->set_id(id);
  channel->set_quantity(unit == "Cel" ? "temperature" : "heater_power");
  channel->set_unit(unit);
  channel->set_role(role);
  channel->set_rate_hz(1.0);
  channel->set_noise_sd(unit == "Cel" ? 0.5 : 0.0);
  channel->set_resolution(unit == "Cel" ? 0.0322 : 0.39);
  channel->set_range_low(low);
  channel->set_range_high(high);
}

}  // namespace

v1::CreateRigRequest BoardRequest(const std::string& rig_id) {
  v1::CreateRigRequest request;
  request.set_rig_id(rig_id);
  v1::Rig* rig = request.mutable_rig();
  rig->set_kind("two_heater");
  rig->set_twin("two_heater");
  rig->set_title("a board");
  const std::pair<std::string, double> geometry[] = {{"heater_mass_kg", 0.004},
                                                     {"heat_capacity_j_per_kg_k", 500.0},
                                                     {"heater_area_m2", 0.001},
                                                     {"shared_area_m2", 0.0002},
                                                     {"ambient_k", 296.15}};
  for (const auto& [name, value] : geometry) (*rig->mutable_geometry())[name] = value;
  v1::Device* board = rig->add_devices();
  board->set_id("board");
  AddChannel("Q1", "%", v1::CHANNEL_ROLE_ACTUATOR, 0.0, 100.0, board);
  AddChannel("Q2", "%", v1::CHANNEL_ROLE_ACTUATOR, 0.0, 100.0, board);
  AddChannel("T1", "Cel", v1::CHANNEL_ROLE_MEASURED, -40.0, 125.0, board);
  AddChannel("T2", "Cel", v1::CHANNEL_ROLE_MEASURED, -40.0, 125.0, board);
  return request;
}

signal::Rig SessionBoard() {
  signal::Rig rig{.id = "board", .kind = "two_heater", .devices = {{.id = "board"}}};
  for (const char* id : {"Q1", "Q2", "T1", "T2"}) {
    const bool measured = id[0] == 'T';
    rig.devices[0].channels.push_back({.id = id,
                                       .quantity = measured ? "temperature" : "heater_power",
                                       .unit = measured ? "Cel" : "%",
                                       .range_low = -40.0,
                                       .range_high = 125.0});
  }
  return rig;
}

v1::OpenRunRequest RunRequest(const std::string& rig_id, const std::string& run_id) {
  v1::OpenRunRequest request;
  request.set_rig("rigs/" + rig_id);
  request.set_run_id(run_id);
  request.mutable_run()->mutable_start_time()->set_seconds(1'700'000'000);
  request.mutable_run()->set_split(v1::RUN_SPLIT_CALIBRATE);
  return request;
}

v1::StreamRequest BoardBatch(uint64_t seq, int rows) {
  v1::StreamRequest request;
  v1::SampleBatch* batch = request.mutable_batch();
  batch->set_seq(seq);
  const int64_t period_ns = 1'000'000'000;
  for (uint32_t index = 0; index < 4; ++index) {
    v1::ChannelSamples* column = batch->add_columns();
    column->set_channel_index(index);
    column->set_first_time_unix_ns(kRunStartUnixNs + static_cast<int64_t>(seq) * rows * period_ns);
    column->set_period_ns(period_ns);
    for (int row = 0; row < rows; ++row) {
      const double at = static_cast<double>(seq) * rows + row;
      column->add_value(index < 2 ? 50.0 : 20.0 + 0.01 * at + index);
    }
  }
  return request;
}

v1::StreamRequest HelloRequest(const std::string& run_name, const std::string& producer,
                               uint64_t epoch, const std::string& schema_hash) {
  v1::StreamRequest request;
  request.mutable_hello()->set_run(run_name);
  request.mutable_hello()->set_producer_id(producer);
  request.mutable_hello()->set_epoch(epoch);
  request.mutable_hello()->set_schema_hash(schema_hash);
  return request;
}

int64_t LedgerError(const v1::Ledger& ledger) {
  uint64_t accounted = ledger.stored() + ledger.retired() + ledger.duplicate() + ledger.queued();
  for (const auto& [reason, count] : ledger.rejected()) accounted += count;
  return static_cast<int64_t>(ledger.received() - accounted);
}

}  // namespace parallax::server
