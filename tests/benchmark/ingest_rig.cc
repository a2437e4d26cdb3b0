#include "tests/benchmark/ingest_rig.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/client.h"
#include "client/lib/status.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::benchmarks {
namespace {

using client::FromGrpc;

constexpr int64_t kStartUnixNs = 1'700'000'000'000'000'000;
constexpr char kProducer[] = "ingest_benchmark";

void AddChannel(v1::Device& device, const std::string& id, const std::string& quantity,
                const std::string& unit, v1::ChannelRole role, double rate_hz) {
  v1::Channel& channel = *device.add_channels();
  channel.set_id(id);
  channel.set_quantity(quantity);
  channel.set_unit(unit);
  channel.set_role(role);
  channel.set_rate_hz(rate_hz);
  channel.set_noise_sd(0.05);
  channel.set_resolution(0.01);
  channel.set_range_low(0.0);
  channel.set_range_high(100.0);
}

/// A two-heater board with further thermometers that its twin does not predict.
v1::Rig BoardWithThermometers(const LoadShape& shape) {
  const double rate_hz = 1e9 / static_cast<double>(shape.period_ns);
  v1::Rig rig;
  rig.set_kind("two_heater");
  rig.set_twin("two_heater");
  auto& geometry = *rig.mutable_geometry();
  geometry["heater_mass_kg"] = 0.004;
  geometry["heat_capacity_j_per_kg_k"] = 500.0;
  geometry["heater_area_m2"] = 0.001;
  geometry["shared_area_m2"] = 0.0002;
  geometry["ambient_k"] = 296.15;
  v1::Device& device = *rig.add_devices();
  device.set_id("board");
  AddChannel(device, "Q1", "heater_power", "%", v1::CHANNEL_ROLE_ACTUATOR, rate_hz);
  AddChannel(device, "Q2", "heater_power", "%", v1::CHANNEL_ROLE_ACTUATOR, rate_hz);
  for (int i = 1; i <= shape.channels - 2; ++i) {
    AddChannel(device, absl::StrFormat("T%d", i), "temperature", "Cel", v1::CHANNEL_ROLE_MEASURED,
               rate_hz);
  }
  return rig;
}

/// Walks each channel on by one batch.
grpc::ByteBuffer NextBatch(const LoadShape& shape, int seq, base::Random& random,
                           std::vector<int>& hundredths) {
  v1::StreamRequest request;
  v1::SampleBatch& batch = *request.mutable_batch();
  batch.set_seq(seq);
  for (int c = 0; c < shape.channels; ++c) {
    v1::ChannelSamples& column = *batch.add_columns();
    column.set_channel_index(c);
    column.set_first_time_unix_ns(kStartUnixNs + int64_t{seq} * shape.samples * shape.period_ns);
    column.set_period_ns(shape.period_ns);
    column.mutable_value()->Reserve(shape.samples);
    for (int i = 0; i < shape.samples; ++i) {
      hundredths[c] = std::clamp(hundredths[c] + static_cast<int>(random.Below(11)) - 5, 0, 10'000);
      column.add_value(hundredths[c] / 100.0);
    }
  }
  return Serialize(request);
}

}  // namespace

IngestRigs::IngestRigs(std::shared_ptr<grpc::Channel> channel, const LoadShape& shape)
    : shape_(shape), channel_(std::move(channel)) {}

absl::StatusOr<IngestRigs> IngestRigs::Create(const std::string& target, const LabAccess& access,
                                              const LoadShape& shape) {
  PARALLAX_ASSIGN_OR_RETURN(const client::Credentials people, access.OfOperator());
  IngestRigs rigs(client::OpenChannel({.server = target, .credentials = people}), shape);
  const auto stub = v1::IngestService::NewStub(rigs.channel_);
  for (int i = 0; i < shape.streams; ++i) {
    v1::CreateRigRequest request;
    request.set_rig_id(absl::StrFormat("bench-%d-%d-%d", shape.streams, shape.samples, i));
    *request.mutable_rig() = BoardWithThermometers(shape);
    v1::CreateRigResponse response;
    grpc::ClientContext context;
    PARALLAX_RETURN_IF_ERROR(FromGrpc(stub->CreateRig(&context, request, &response)));
    PARALLAX_ASSIGN_OR_RETURN(const client::Credentials own, access.OfRig(request.rig_id()));
    rigs.rigs_.push_back({.rig = response.rig(), .credentials = ChannelCredentialsFor(own)});
  }
  return rigs;
}

absl::StatusOr<std::vector<StreamScript>> IngestRigs::OpenRuns(const std::string& run_id) {
  const auto stub = v1::IngestService::NewStub(channel_);
  std::vector<StreamScript> scripts;
  for (size_t i = 0; i < rigs_.size(); ++i) {
    v1::OpenRunRequest request;
    request.set_rig(rigs_[i].rig.name());
    request.set_run_id(run_id);
    request.mutable_run()->mutable_start_time()->set_seconds(kStartUnixNs / 1'000'000'000);
    request.mutable_run()->set_split(v1::RUN_SPLIT_UNASSIGNED);
    v1::OpenRunResponse response;
    grpc::ClientContext context;
    PARALLAX_RETURN_IF_ERROR(FromGrpc(stub->OpenRun(&context, request, &response)));

    v1::StreamRequest hello;
    hello.mutable_hello()->set_run(response.run().name());
    hello.mutable_hello()->set_producer_id(kProducer);
    hello.mutable_hello()->set_schema_hash(rigs_[i].rig.schema_hash());
    StreamScript script{.hello = Serialize(hello), .credentials = rigs_[i].credentials};
    base::Random random(/*seed=*/1, /*stream=*/i);
    std::vector<int> hundredths(shape_.channels, 5'000);
    for (int seq = 0; seq < shape_.batches; ++seq) {
      script.batches.push_back(NextBatch(shape_, seq, random, hundredths));
    }
    scripts.push_back(std::move(script));
  }
  return scripts;
}

absl::Status IngestRigs::CheckStored(const std::string& run_id) {
  const auto stub = v1::QueryService::NewStub(channel_);
  const uint64_t sent = uint64_t{1} * shape_.channels * shape_.samples * shape_.batches;
  for (const BenchRig& one : rigs_) {
    v1::GetRunRequest request;
    request.set_name(absl::StrFormat("%s/runs/%s", one.rig.name(), run_id));
    v1::GetRunResponse response;
    grpc::ClientContext context;
    PARALLAX_RETURN_IF_ERROR(FromGrpc(stub->GetRun(&context, request, &response)));
    const v1::Ledger& ledger = response.run().ledger();
    if (ledger.received() != sent || ledger.stored() != sent) {
      return absl::InternalError(
          absl::StrFormat("%s: sent %d samples, ledger: received %d, stored %d", request.name(),
                          sent, ledger.received(), ledger.stored()));
    }
  }
  return absl::OkStatus();
}

}  // namespace parallax::benchmarks
