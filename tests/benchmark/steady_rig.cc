#include "tests/benchmark/steady_rig.h"

#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/client.h"
#include "client/lib/status.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::benchmarks {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

absl::StatusOr<std::unique_ptr<SteadyRig>> SteadyRig::Open(
    const std::string& target, const LabAccess& access,
    const std::shared_ptr<grpc::Channel>& people, const client::Campaign& campaign, int number,
    const SteadyPace& pace) {
  const std::string rig_id = absl::StrFormat("rig-%d", number);
  PARALLAX_ASSIGN_OR_RETURN(const client::Credentials own, access.OfRig(rig_id));
  auto rig = std::make_unique<SteadyRig>();
  rig->stub_ =
      v1::IngestService::NewStub(client::OpenChannel({.server = target, .credentials = own}));
  rig->period_ns_ = std::llround(1e9 / pace.rate_hz);
  rig->sent_ = std::vector<std::atomic<int64_t>>(static_cast<size_t>(pace.seconds * pace.rate_hz));
  PARALLAX_RETURN_IF_ERROR(rig->Register(*v1::IngestService::NewStub(people), campaign, rig_id));
  for (const v1::Device& device : campaign.rig.devices()) {
    for (const v1::Channel& one : device.channels()) rig->noise_.push_back(one.noise_sd());
  }
  rig->first_.resize(rig->noise_.size());
  for (const client::DeviceRecording& device : campaign.runs.front().devices) {
    for (const v1::ChannelSamples& column : device.batches.front().columns()) {
      rig->first_[column.channel_index()] = column.value(0);
    }
  }
  return rig;
}

absl::Status SteadyRig::Register(v1::IngestService::Stub& people, const client::Campaign& campaign,
                                 const std::string& rig_id) {
  v1::CreateRigRequest create;
  create.set_rig_id(rig_id);
  *create.mutable_rig() = campaign.rig;
  *create.mutable_assumptions() = campaign.manifest.assumptions;
  grpc::ClientContext create_context, open_context;
  v1::CreateRigResponse created;
  PARALLAX_RETURN_IF_ERROR(client::FromGrpc(people.CreateRig(&create_context, create, &created)));
  v1::OpenRunRequest open = campaign.runs.front().open;
  open.set_rig(created.rig().name());
  v1::OpenRunResponse opened;
  PARALLAX_RETURN_IF_ERROR(client::FromGrpc(people.OpenRun(&open_context, open, &opened)));
  run_ = opened.run().name();
  schema_hash_ = created.rig().schema_hash();
  start_unix_ns_ = opened.run().start_time().seconds() * 1'000'000'000;
  return absl::OkStatus();
}

void SteadyRig::Stream() {
  grpc::ClientContext context;
  const auto stream = stub_->Stream(&context);
  v1::StreamRequest hello;
  hello.mutable_hello()->set_run(run_);
  hello.mutable_hello()->set_producer_id("steady");
  hello.mutable_hello()->set_schema_hash(schema_hash_);
  stream->Write(hello);
  v1::StreamResponse welcome;
  stream->Read(&welcome);
  std::thread acks([&] {
    v1::StreamResponse ack;
    while (stream->Read(&ack)) {
    }
  });
  base::Random random(1, 2);
  const SteadyClock::time_point begin = SteadyClock::now();
  for (size_t k = 0; k < sent_.size(); ++k) {
    std::this_thread::sleep_until(begin +
                                  std::chrono::nanoseconds(static_cast<int64_t>(k) * period_ns_));
    v1::StreamRequest request;
    request.mutable_batch()->set_seq(k);
    for (uint32_t c = 0; c < noise_.size(); ++c) {
      v1::ChannelSamples* column = request.mutable_batch()->add_columns();
      column->set_channel_index(c);
      column->set_first_time_unix_ns(start_unix_ns_ + static_cast<int64_t>(k) * period_ns_);
      column->add_value(first_[c] + noise_[c] * random.Normal());
    }
    sent_[k] = SteadyClock::now().time_since_epoch().count();
    stream->Write(request);
  }
  stream->WritesDone();
  acks.join();
  (void)stream->Finish();
}

int64_t SteadyRig::SentAt(int64_t time_unix_ns) const {
  const auto k = static_cast<size_t>((time_unix_ns - start_unix_ns_) / period_ns_);
  return k < sent_.size() ? sent_[k].load() : 0;
}

absl::StatusOr<SteadyRigs> SteadyRigs::Open(const std::string& target, const LabAccess& access,
                                            const std::string& campaign_folder,
                                            const SteadyPace& pace) {
  PARALLAX_ASSIGN_OR_RETURN(const client::Campaign campaign, client::LoadCampaign(campaign_folder));
  PARALLAX_ASSIGN_OR_RETURN(const client::Credentials people, access.OfOperator());
  const auto channel = client::OpenChannel({.server = target, .credentials = people});
  SteadyRigs all;
  for (int i = 0; i < pace.rigs; ++i) {
    PARALLAX_ASSIGN_OR_RETURN(auto rig,
                              SteadyRig::Open(target, access, channel, campaign, i, pace));
    all.samples += rig->samples();
    all.by_run[rig->run()] = rig.get();
    all.rigs.push_back(std::move(rig));
  }
  return all;
}

void SteadyRigs::Stream() {
  std::vector<std::thread> streams;
  for (const auto& rig : rigs) streams.emplace_back([&rig] { rig->Stream(); });
  for (std::thread& stream : streams) stream.join();
}

}  // namespace parallax::benchmarks
