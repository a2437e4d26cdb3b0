#include "server/live_run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/store/batch_codec.h"
#include "server/convert_live.h"
#include "server/names.h"

namespace parallax::server {
namespace {

/// All that is stored as one batch, in the order in which it arrived.
signal::SampleBatch WholeBatch(std::vector<signal::Series> by_channel) {
  signal::SampleBatch batch;
  for (uint32_t channel = 0; channel < by_channel.size(); ++channel) {
    signal::Series& series = by_channel[channel];
    if (series.value.empty()) continue;
    batch.columns.push_back({.channel_index = channel,
                             .time_unix_ns = std::move(series.time_unix_ns),
                             .value = std::move(series.value),
                             .quality = std::move(series.quality)});
  }
  return batch;
}

signal::SampleBatch Decoded(const store::EncodedBatch& batch) {
  absl::StatusOr<signal::SampleBatch> decoded = store::DecodeBatch(batch.seq, batch.data);
  PARALLAX_CHECK(decoded.ok());  // it was encoded here
  return *std::move(decoded);
}

/// Samples by channel of the batches of `waiting` that are below their stream's place.
std::vector<signal::Series> WaitingSeries(size_t channels,
                                          const std::vector<store::EncodedBatch>& waiting,
                                          const std::map<int64_t, uint64_t>& places) {
  std::vector<const store::EncodedBatch*> by_stream;
  for (const store::EncodedBatch& batch : waiting) {
    const auto place = places.find(batch.stream);
    if (place != places.end() && batch.seq < place->second) by_stream.push_back(&batch);
  }
  std::stable_sort(by_stream.begin(), by_stream.end(),
                   [](const auto* a, const auto* b) { return a->stream < b->stream; });
  std::vector<signal::Series> by_channel(channels);
  for (const store::EncodedBatch* batch : by_stream) {
    for (const signal::ChannelColumn& column : Decoded(*batch).columns) {
      signal::Series& series = by_channel[column.channel_index];
      series.time_unix_ns.insert(series.time_unix_ns.end(), column.time_unix_ns.begin(),
                                 column.time_unix_ns.end());
      series.value.insert(series.value.end(), column.value.begin(), column.value.end());
    }
  }
  return by_channel;
}

/// Whether a series ends with another.
bool EndsWith(const signal::Series& series, const signal::Series& end) {
  const size_t size = end.value.size();
  if (series.value.size() < size) return false;
  return std::equal(end.time_unix_ns.rbegin(), end.time_unix_ns.rend(),
                    series.time_unix_ns.rbegin()) &&
         std::equal(end.value.rbegin(), end.value.rend(), series.value.rbegin());
}

std::map<int64_t, uint64_t> PlacesOf(const std::vector<store::StreamRow>& streams) {
  std::map<int64_t, uint64_t> places;
  for (const store::StreamRow& stream : streams) places[stream.stream] = stream.next_seq;
  return places;
}

}  // namespace

LiveRun::LiveRun(const LiveContext& context, const store::RigRow& rig, const signal::Run& run,
                 const twin::Description* twin, absl::Time now, uint64_t not_live)
    : context_(context),
      name_(RunNameOf(rig.rig.id, run.id)),
      twin_(rig.twin),
      followed_since_(now),
      not_live_(not_live),
      analyzer_(rig.rig, run, twin, context.options),
      last_batch_(now) {}

absl::StatusOr<std::unique_ptr<LiveRun>> LiveRun::Load(const LiveContext& context,
                                                       const std::string& rig,
                                                       const std::string& run, absl::Time now,
                                                       uint64_t not_live,
                                                       const WaitingBatches& waiting) {
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig_row, context.store.GetRig(rig));
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow run_row, context.store.GetRun(rig, run));
  if (run_row.closed) return absl::FailedPreconditionError("the run is closed");
  const absl::StatusOr<const twin::Twin*> twin = context.twins.Find(rig_row.twin);
  const bool predicts =
      twin.ok() && twin::PredictsRigKind((*twin)->description(), rig_row.rig.kind);
  std::unique_ptr<LiveRun> live(new LiveRun(
      context, rig_row, run_row.run, predicts ? &(*twin)->description() : nullptr, now, not_live));
  if (predicts) live->ReadPromoted();
  PARALLAX_RETURN_IF_ERROR(live->ReadStored(waiting));
  return live;
}

absl::Status LiveRun::ReadStored(const WaitingBatches& waiting) {
  PARALLAX_ASSIGN_OR_RETURN(store::RunSamples stored,
                            context_.store.ReadRun(analyzer_.rig().id, analyzer_.run().id));
  // A batch that was read and is told later would be taken as read, and no watcher would see it.
  context_.store.WaitForObservers();
  TakeStored(std::move(stored), waiting());
  return absl::OkStatus();
}

void LiveRun::TakeStored(store::RunSamples stored,
                         const std::vector<store::EncodedBatch>& waiting) {
  read_ = PlacesOf(stored.streams);
  // What waits is taken from its batches, so that watchers are told. Where two producers of one
  // channel interleave, the end of what is stored is not what waits: then it is taken silently.
  const std::vector<signal::Series> ends = WaitingSeries(stored.series.size(), waiting, read_);
  const bool separable =
      std::equal(stored.series.begin(), stored.series.end(), ends.begin(), &EndsWith);
  if (separable) {
    for (size_t i = 0; i < ends.size(); ++i) {
      const size_t kept = stored.series[i].value.size() - ends[i].value.size();
      stored.series[i].time_unix_ns.resize(kept);
      stored.series[i].value.resize(kept);
      stored.series[i].quality.resize(kept);
    }
    for (const store::EncodedBatch& batch : waiting) {
      uint64_t& place = read_[batch.stream];
      place = std::min(place, batch.seq);
    }
  }
  int64_t received_unix_ns = 0;
  for (const store::StreamRow& stream : stored.streams) {
    received_unix_ns = std::max(received_unix_ns, stream.last_received_unix_ns);
  }
  analyzer_.Push(WholeBatch(std::move(stored.series)), received_unix_ns, &output_);
  output_ = {};
  tested_ = false;
}

void LiveRun::ReadPromoted() {
  ReadParameters();
  ReadModel();
}

void LiveRun::ReadParameters() {
  const absl::StatusOr<store::ParameterSetRow> row =
      context_.store.GetParameterSet(analyzer_.rig().id, -1);
  if (row.ok() && row->revision == set_) return;
  analyzer_.ForgetForecast();
  forecaster_.reset();
  set_ = -1;
  const absl::StatusOr<const twin::Twin*> twin = context_.twins.Find(twin_);
  if (!twin.ok() || !row.ok()) return;
  set_ = row->revision;
  const absl::StatusOr<calibration::ParameterSet> set = pipeline::DecodeParameterSet(row->bytes);
  if (!set.ok()) return;
  absl::StatusOr<pipeline::Forecaster> forecaster =
      pipeline::Forecaster::Create(**twin, *set, analyzer_.run().id);
  // A set that does not fit its twin is told by whoever asks for it; here there is no prediction.
  if (!forecaster.ok()) return;
  forecaster_ = std::make_shared<const pipeline::Forecaster>(*std::move(forecaster));
}

void LiveRun::ReadModel() {
  const std::string& rig = analyzer_.rig().id;
  const absl::StatusOr<store::ModelRow> row = context_.store.GetModel(rig, -1);
  if (!row.ok() || row->revision == model_) return;
  model_ = row->revision;
  const absl::StatusOr<const twin::Twin*> twin = context_.twins.Find(twin_);
  const absl::StatusOr<store::ParameterSetRow> set_row =
      context_.store.GetParameterSet(rig, row->parameter_set);
  if (!twin.ok() || !set_row.ok()) return;
  absl::StatusOr<calibration::ParameterSet> set = pipeline::DecodeParameterSet(set_row->bytes);
  absl::StatusOr<pipeline::ResidualModel> residual = pipeline::ResidualModel::Decode(row->bytes);
  // What is damaged is told by whoever asks for it.
  if (!set.ok() || !residual.ok()) return;
  unasked_model_ = std::make_shared<const RigModel>(
      RigModel{.twin = **twin, .set = *std::move(set), .residual = *std::move(residual)});
}

void LiveRun::Take(const store::EncodedBatch& batch) {
  if (closed_) return;  // late data of a run that is over: the stored series has it
  const auto read = read_.find(batch.stream);
  if (read != read_.end() && batch.seq < read->second) return;
  analyzer_.Push(Decoded(batch), batch.received_unix_ns, &output_);
  context_.counters.Apply([&](LiveCounts* counts) { counts->samples += batch.samples; });
  last_batch_ = std::max(last_batch_, absl::FromUnixNanos(batch.received_unix_ns));
  tested_ = false;
}

void LiveRun::TakeAnswer(ForecastWorker::Answer answer) {
  awaits_answer_ = false;
  if (answer.forecast) analyzer_.TakeForecast(*std::move(answer.forecast), &output_);
  if (answer.run_forecast) TakeRunForecast(*answer.run_forecast);
}

void LiveRun::TakeRunForecast(const pipeline::RunForecast& forecast) {
  pipeline::LiveOutput told;
  analyzer_.TakeRunForecast(forecast, &told);
  poorly_understood_.reset();
  for (pipeline::LiveFinding& finding : told.findings) {
    poorly_understood_ = DetectionToProto(name_, analyzer_.channels(), finding);
    output_.findings.push_back(std::move(finding));
  }
}

void LiveRun::Close() {
  analyzer_.Flush();
  analyzer_.TestSensors(&output_);
  closed_ = true;
}

void LiveRun::Publish() {
  const std::string& rig = analyzer_.rig().id;
  for (v1::RunPoints& points : RunPointsToProto(name_, analyzer_.channels(), output_.series)) {
    WatchEvent event{.topic = WatchTopic::kPoints, .rig = rig, .name = name_};
    *event.message.mutable_points() = std::move(points);
    context_.hub.Publish(std::move(event));
  }
  for (const pipeline::LiveFinding& finding : output_.findings) {
    WatchEvent event{.topic = WatchTopic::kFinding, .rig = rig, .name = name_};
    *event.message.mutable_detection() = DetectionToProto(name_, analyzer_.channels(), finding);
    const std::string kind = DetectionName(event.message.detection().kind());
    context_.counters.Apply([&](LiveCounts* counts) { ++counts->detections[kind]; });
    context_.hub.Publish(std::move(event));
  }
  output_ = {};
}

void LiveRun::Tell(absl::Time now) {
  if (!std::exchange(tested_, true)) analyzer_.TestSensors(&output_);
  Publish();
  if (closed_ || !context_.hub.WantsRun(analyzer_.rig().id, name_)) return;
  WatchEvent event{.topic = WatchTopic::kHealth, .rig = analyzer_.rig().id, .name = name_};
  *event.message.mutable_health() = HealthToProto(name_, analyzer_.channels(), analyzer_.Health(),
                                                  now, followed_since_, not_live_);
  context_.hub.Publish(std::move(event));
}

std::optional<ForecastWorker::Request> LiveRun::AskForForecasts() {
  const bool wants_forecast = forecaster_ != nullptr && analyzer_.WantsForecast();
  if (awaits_answer_ || (!wants_forecast && unasked_model_ == nullptr)) return std::nullopt;
  awaits_answer_ = true;
  ForecastWorker::Request request{.model = std::exchange(unasked_model_, nullptr),
                                  .rig = analyzer_.rig(),
                                  .run = {.run = analyzer_.run()}};
  if (wants_forecast) {
    request.forecaster = forecaster_;
    request.run = analyzer_.ForecastInput();
  }
  return request;
}

}  // namespace parallax::server
