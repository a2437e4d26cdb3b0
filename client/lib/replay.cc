#include "client/lib/replay.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/ledger.h"
#include "client/lib/pace.h"
#include "core/base/field_error.h"
#include "core/base/mutex.h"
#include "core/base/parallel.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr size_t kRequestIdLength = 32;
constexpr char kOtherRig[] = "register it under another id with --rig";

/// The same for equal messages, in every process: an id for idempotent retries.
std::string ContentId(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return base::Sha256Hex(bytes).substr(0, kRequestIdLength);
}

/// Enough of a hash to know it by.
std::string Short(const std::string& producer_id) { return producer_id.substr(0, 12); }

/// What a rig is, without what the daemon adds and without what UpdateRig may change.
v1::Rig Comparable(v1::Rig rig) {
  rig.clear_name();
  rig.clear_schema_hash();
  rig.clear_etag();
  rig.clear_create_time();
  rig.clear_title();
  rig.clear_recalibration();
  rig.clear_keep_samples();
  rig.clear_webhook();
  return rig;
}

/// What a request assumes of every parameter: the twin's nominal value where it names none.
absl::StatusOr<std::map<std::string, double>> WholeAssumptions(
    Client& client, const v1::CreateRigRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Twin twin,
                            client.DescribeTwin("twins/" + request.rig().twin()));
  std::map<std::string, double> assumed(request.assumptions().begin(), request.assumptions().end());
  for (const v1::TwinParameter& parameter : twin.parameters()) {
    assumed.emplace(parameter.name(), parameter.nominal());
  }
  return assumed;
}

absl::Status OtherAssumption(const v1::CreateRigRequest& request, const v1::ParameterValue& stored,
                             double asked) {
  const bool named = request.assumptions().contains(stored.parameter());
  const std::string value =
      absl::StrFormat("%g%s", asked, named ? "" : ", its twin's nominal value");
  return base::WithFieldError(
      absl::FailedPreconditionError(
          absl::StrFormat("rigs/%s exists and assumes %s = %g, the campaign assumes %s; %s",
                          request.rig_id(), stored.parameter(), stored.value(), value, kOtherRig)),
      {.field = absl::StrFormat("assumptions[%s]", stored.parameter()),
       .value = value,
       .bound = absl::StrFormat("%g, which rigs/%s assumes", stored.value(), request.rig_id()),
       .next_step = kOtherRig});
}

absl::Status CheckSameAssumptions(Client& client, const v1::CreateRigRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(
      const v1::ParameterSet set,
      client.GetParameterSet(absl::StrFormat("rigs/%s/parameterSets/0", request.rig_id())));
  PARALLAX_ASSIGN_OR_RETURN(const auto assumed, WholeAssumptions(client, request));
  for (const v1::ParameterValue& stored : set.values()) {
    const auto asked = assumed.find(stored.parameter());
    if (asked == assumed.end() || asked->second == stored.value()) continue;
    return OtherAssumption(request, stored, asked->second);
  }
  return absl::OkStatus();
}

absl::Status OtherFile(const std::string& device, const std::string& file,
                       const v1::RunStream& stored) {
  const std::string held = absl::StrFormat("%d samples of another file, speed or producer, %s",
                                           stored.stored(), Short(stored.producer_id()));
  constexpr char kNext[] =
      "replay into another rig with --rig, or add it to what is stored with campaign replay "
      "--resend";
  return base::WithFieldError(
      absl::FailedPreconditionError(absl::StrFormat("%s.csv is %s, but the run holds %s; %s",
                                                    device, Short(file), held, kNext)),
      {.field = device + ".csv",
       .value = Short(file),
       .bound = "the file that the run holds: " + held,
       .next_step = kNext});
}

/// One device of one run on its way.
struct StreamTask {
  const DeviceRecording* recording;
  size_t run_index;
  StreamSummary summary;
  absl::Status status;
};

class Replay {
 public:
  Replay(const Campaign& campaign, Client& client, const base::Clock& clock, Sleeper& sleeper,
         const ReplayOptions& options)
      : campaign_(campaign), client_(client), clock_(clock), sleeper_(sleeper), options_(options) {
    progress_.samples = campaign.samples;
    for (const RecordedRun& run : campaign.runs) progress_.streams += run.devices.size();
  }

  absl::StatusOr<ReplayResult> Run();

 private:
  absl::Status CheckAll();
  absl::Status CheckRun(const RecordedRun& recorded, const std::string& rig);
  absl::Status CheckStreams(const RecordedRun& recorded, const std::string& run);
  absl::Status OpenRun(const RecordedRun& recorded);
  StreamOptions OptionsOf(const DeviceRecording& recording, size_t run) const;
  absl::Status StreamAll();
  void StreamOne(StreamTask& task);
  absl::Status StreamAtSpeed(size_t run);
  void Report(size_t streams, uint64_t samples);
  absl::Status CloseRun(size_t run);

  const Campaign& campaign_;
  Client& client_;
  const base::Clock& clock_;
  Sleeper& sleeper_;
  const ReplayOptions& options_;
  ReplayResult result_;
  base::Mutex mutex_;
  ReplayProgress progress_ ABSL_GUARDED_BY(mutex_);
};

/// Has the daemon check rig, runs and outcomes as if they were meant, so that a campaign is stored
/// whole or not at all.
absl::Status Replay::CheckAll() {
  v1::CreateRigRequest create =
      CreateRigRequestOf(campaign_, options_.rig_id, options_.recalibration);
  create.set_validate_only(true);
  PARALLAX_ASSIGN_OR_RETURN(const v1::Rig rig, EnsureRig(client_, create));
  for (const RecordedRun& recorded : campaign_.runs) {
    const std::string& id = recorded.open.run_id();
    PARALLAX_RETURN_IF_ERROR(base::Within(
        base::Annotate(CheckRun(recorded, rig.name()), absl::StrFormat("run \"%s\"", id)),
        absl::StrFormat("runs[%s]", id)));
  }
  return absl::OkStatus();
}

absl::Status Replay::CheckRun(const RecordedRun& recorded, const std::string& rig) {
  v1::OpenRunRequest open = recorded.open;
  open.set_rig(rig);
  open.set_validate_only(true);
  *open.mutable_planned_rig() = campaign_.rig;
  PARALLAX_ASSIGN_OR_RETURN(const v1::Run run, client_.OpenRun(open));
  PARALLAX_RETURN_IF_ERROR(CheckStreams(recorded, run.name()));
  if (!recorded.outcome.has_value()) return absl::OkStatus();
  v1::RecordOutcomeRequest record;
  record.set_run(run.name());
  *record.mutable_outcome() = *recorded.outcome;
  record.set_validate_only(true);
  return client_.RecordOutcome(record).status();
}

/// The producer of a recording is the hash of its file. Where a run holds samples of a producer
/// that is no file of this campaign, a file that it does not hold is most likely that one edited:
/// streaming it would double the run.
absl::Status Replay::CheckStreams(const RecordedRun& recorded, const std::string& run) {
  if (options_.on_stored == OnStored::kResend) return absl::OkStatus();
  const absl::StatusOr<v1::GetRunResponse> stored = client_.GetRun(run);
  if (absl::IsNotFound(stored.status())) return absl::OkStatus();
  PARALLAX_RETURN_IF_ERROR(stored.status());
  std::set<std::string> files;
  for (const DeviceRecording& device : recorded.devices) files.insert(device.producer_id);
  std::set<std::string> producers;
  const v1::RunStream* other = nullptr;
  for (const v1::RunStream& stream : stored->streams()) {
    producers.insert(stream.producer_id());
    if (stream.stored() > 0 && !files.contains(stream.producer_id())) other = &stream;
  }
  if (other == nullptr) return absl::OkStatus();
  for (size_t i = 0; i < recorded.devices.size(); ++i) {
    if (producers.contains(recorded.devices[i].producer_id)) continue;
    const std::string& device = campaign_.rig.devices(static_cast<int>(i)).id();
    return OtherFile(device, recorded.devices[i].producer_id, *other);
  }
  return absl::OkStatus();
}

absl::Status Replay::OpenRun(const RecordedRun& recorded) {
  v1::OpenRunRequest request = recorded.open;
  request.set_rig(result_.rig.name());
  request.set_request_id(ContentId(request));
  PARALLAX_ASSIGN_OR_RETURN(v1::Run run, client_.OpenRun(request));
  result_.runs.push_back({std::move(run)});
  return absl::OkStatus();
}

void Replay::Report(size_t streams, uint64_t samples) {
  base::MutexLock lock(mutex_);
  progress_.streams_done += streams;
  progress_.samples_done += samples;
  if (options_.on_progress) options_.on_progress(progress_);
}

StreamOptions Replay::OptionsOf(const DeviceRecording& recording, size_t run) const {
  StreamOptions stream;
  stream.hello.set_run(result_.runs[run].run.name());
  stream.hello.set_producer_id(recording.producer_id);
  stream.hello.set_schema_hash(result_.rig.schema_hash());
  stream.on_stored = options_.on_stored;
  return stream;
}

void Replay::StreamOne(StreamTask& task) {
  StreamWriter writer(client_.channel(), OptionsOf(*task.recording, task.run_index), clock_,
                      sleeper_);
  for (const v1::SampleBatch& batch : task.recording->batches) {
    task.status = writer.Write(batch);
    if (!task.status.ok()) return;
  }
  absl::StatusOr<StreamSummary> summary = writer.Finish();
  task.status = summary.status();
  if (!summary.ok()) return;
  task.summary = std::move(*summary);
  Report(1, task.recording->samples);
}

absl::Status Replay::StreamAll() {
  std::vector<StreamTask> tasks;
  for (size_t i = 0; i < campaign_.runs.size(); ++i) {
    for (const DeviceRecording& recording : campaign_.runs[i].devices) {
      tasks.push_back({&recording, i, {}, {}});
    }
  }
  base::ParallelFor(tasks.size(), [&](size_t i) { StreamOne(tasks[i]); });
  for (const StreamTask& task : tasks) {
    PARALLAX_RETURN_IF_ERROR(task.status);
    result_.runs[task.run_index].sent_batches += task.summary.acked_batches;
    result_.runs[task.run_index].skipped_batches += task.summary.skipped_batches;
  }
  return absl::OkStatus();
}

absl::Status Replay::StreamAtSpeed(size_t run) {
  const RecordedRun& recorded = campaign_.runs[run];
  std::vector<StreamOptions> streams;
  for (const DeviceRecording& device : recorded.devices) streams.push_back(OptionsOf(device, run));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<StreamSummary> summaries,
                            StreamPaced(recorded, options_.speed, streams, client_.channel(),
                                        clock_, sleeper_, [&](const DueBatch& sent) {
                                          const auto& batch =
                                              recorded.devices[sent.device].batches[sent.batch];
                                          uint64_t samples = 0;
                                          for (const auto& column : batch.columns()) {
                                            samples += static_cast<uint64_t>(column.value_size());
                                          }
                                          Report(0, samples);
                                        }));
  for (const StreamSummary& summary : summaries) {
    result_.runs[run].sent_batches += summary.acked_batches;
    result_.runs[run].skipped_batches += summary.skipped_batches;
  }
  Report(summaries.size(), 0);
  return absl::OkStatus();
}

absl::Status Replay::CloseRun(size_t run) {
  const std::string name = result_.runs[run].run.name();
  PARALLAX_RETURN_IF_ERROR(client_.CloseRun(name).status());
  PARALLAX_ASSIGN_OR_RETURN(v1::GetRunResponse stored, client_.GetRun(name));
  const std::optional<v1::Outcome>& outcome = campaign_.runs[run].outcome;
  // Recording the same outcome again would mark reports that used it superseded.
  const bool known = outcome.has_value() && stored.has_outcome() &&
                     google::protobuf::util::MessageDifferencer::Equals(*outcome, stored.outcome());
  if (outcome.has_value() && !known) {
    v1::RecordOutcomeRequest request;
    request.set_run(name);
    *request.mutable_outcome() = *outcome;
    PARALLAX_RETURN_IF_ERROR(client_.RecordOutcome(request).status());
  }
  result_.runs[run].run = std::move(*stored.mutable_run());
  AddToLedger(result_.runs[run].run.ledger(), result_.ledger);
  return absl::OkStatus();
}

absl::StatusOr<ReplayResult> Replay::Run() {
  PARALLAX_RETURN_IF_ERROR(CheckAll());
  PARALLAX_ASSIGN_OR_RETURN(
      result_.rig,
      EnsureRig(client_, CreateRigRequestOf(campaign_, options_.rig_id, options_.recalibration)));
  if (options_.speed > 0.0) {
    for (size_t run = 0; run < campaign_.runs.size(); ++run) {
      PARALLAX_RETURN_IF_ERROR(OpenRun(campaign_.runs[run]));
      PARALLAX_RETURN_IF_ERROR(StreamAtSpeed(run));
      PARALLAX_RETURN_IF_ERROR(CloseRun(run));
    }
    return std::move(result_);
  }
  for (const RecordedRun& recorded : campaign_.runs) PARALLAX_RETURN_IF_ERROR(OpenRun(recorded));
  PARALLAX_RETURN_IF_ERROR(StreamAll());
  for (size_t run = 0; run < campaign_.runs.size(); ++run) PARALLAX_RETURN_IF_ERROR(CloseRun(run));
  return std::move(result_);
}

}  // namespace

v1::CreateRigRequest CreateRigRequestOf(const Campaign& campaign, const std::string& rig_id,
                                        v1::Recalibration recalibration) {
  v1::CreateRigRequest request;
  request.set_rig_id(rig_id.empty() ? campaign.manifest.id : rig_id);
  *request.mutable_rig() = campaign.rig;
  request.mutable_rig()->set_recalibration(recalibration);
  *request.mutable_assumptions() = campaign.manifest.assumptions;
  request.set_request_id(ContentId(request));
  return request;
}

absl::StatusOr<v1::Rig> EnsureRig(Client& client, const v1::CreateRigRequest& request) {
  absl::StatusOr<v1::Rig> created = client.CreateRig(request);
  if (!absl::IsAlreadyExists(created.status())) return created;
  PARALLAX_ASSIGN_OR_RETURN(v1::Rig stored, client.GetRig("rigs/" + request.rig_id()));
  if (!google::protobuf::util::MessageDifferencer::Equals(Comparable(stored),
                                                          Comparable(request.rig()))) {
    return base::WithFieldError(absl::FailedPreconditionError(absl::StrFormat(
                                    "rigs/%s exists with other devices, geometry or twin; %s",
                                    request.rig_id(), kOtherRig)),
                                {.field = "rig",
                                 .value = absl::StrFormat("rigs/%s", request.rig_id()),
                                 .bound = "the same devices, geometry and twin",
                                 .next_step = kOtherRig});
  }
  PARALLAX_RETURN_IF_ERROR(CheckSameAssumptions(client, request));
  return stored;
}

absl::StatusOr<ReplayResult> ReplayCampaign(const Campaign& campaign, Client& client,
                                            const base::Clock& clock, Sleeper& sleeper,
                                            const ReplayOptions& options) {
  return Replay(campaign, client, clock, sleeper, options).Run();
}

}  // namespace parallax::client
