#include "server/live_analysis.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "server/names.h"
#include "server/priority.h"

namespace parallax::server {
namespace {

constexpr absl::Duration kTickInterval = absl::Seconds(1);
constexpr absl::Duration kForgetAfter = absl::Minutes(10);  // without a batch or a watcher

}  // namespace

LiveAnalysis::LiveAnalysis(const LiveContext& context, const base::Clock& clock, CommitRelay& relay)
    : context_(context),
      clock_(clock),
      relay_(relay),
      forecasts_worker_(std::make_unique<ForecastWorker>()) {
  thread_ = std::thread([this] { Run(); });
  relay_.Set(this);
}

LiveAnalysis::~LiveAnalysis() {
  relay_.Set(nullptr);
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
  forecasts_worker_.reset();  // what it still says has where to go
}

void LiveAnalysis::OnCommitted(const store::RunKey& run, std::span<store::AppendedBatch> batches) {
  base::MutexLock lock(mutex_);
  for (store::AppendedBatch& appended : batches) Queue(run, std::move(appended.batch));
  if (queued_samples_ > 0) changed_.NotifyOne();
}

void LiveAnalysis::Queue(const Key& key, store::EncodedBatch batch) {
  if (batch.samples == 0) return;  // says nothing, and no bound would count it
  if (const auto unread = unread_.find(key); unread != unread_.end()) {
    unread->second.samples += batch.samples;
    CountSkipped(batch.samples);
    return;
  }
  Inbox& inbox = inboxes_[key];
  if (inbox.dropped > 0) {
    inbox.dropped += batch.samples;
    CountSkipped(batch.samples);
    return;
  }
  queued_samples_ += batch.samples;
  inbox.samples += batch.samples;
  inbox.batches.push_back(std::move(batch));
  if (queued_samples_ > kMaxQueuedSamples) MakeRoom();
}

/// Drops what waits for the run for which most does.
void LiveAnalysis::MakeRoom() {
  const auto most = std::max_element(
      inboxes_.begin(), inboxes_.end(),
      [](const auto& a, const auto& b) { return a.second.samples < b.second.samples; });
  Inbox& inbox = most->second;
  queued_samples_ -= inbox.samples;
  inbox.dropped += inbox.samples;
  CountSkipped(inbox.samples);
  inbox.samples = 0;
  inbox.batches.clear();
}

void LiveAnalysis::OnRunChanged(const std::string& rig, const std::string& run, RunState state,
                                std::function<void()> then) {
  base::MutexLock lock(mutex_);
  Inbox& inbox = inboxes_[{rig, run}];
  inbox.state = state;
  if (then) inbox.then.push_back(std::move(then));
  changed_.NotifyOne();
}

void LiveAnalysis::OnPromoted(const std::string& rig) {
  base::MutexLock lock(mutex_);
  promoted_rigs_.insert(rig);
  changed_.NotifyOne();
}

std::shared_ptr<const pipeline::Forecast> LiveAnalysis::ForecastOf(const std::string& rig,
                                                                   const std::string& run) const {
  base::MutexLock lock(mutex_);
  const auto found = known_.find({rig, run});
  return found == known_.end() ? nullptr : found->second.forecast;
}

std::optional<v1::Detection> LiveAnalysis::PoorlyUnderstood(const std::string& rig,
                                                            const std::string& run) const {
  base::MutexLock lock(mutex_);
  const auto found = known_.find({rig, run});
  return found == known_.end() ? std::nullopt : found->second.poorly_understood;
}

void LiveAnalysis::Run() {
  LowerOwnPriority(kLiveNice);
  // By the machine's clock, as PeriodicTask: how often to look is no fact of the runs.
  absl::Time next_tick = absl::Now() + kTickInterval;
  for (;;) {
    std::map<Key, Inbox> taken;
    std::set<std::string> promoted_rigs;
    {
      base::MutexLock lock(mutex_);
      while (inboxes_.empty() && promoted_rigs_.empty() && due_.empty() && !stopping_) {
        const absl::Duration left = next_tick - absl::Now();
        if (left <= absl::ZeroDuration()) break;
        changed_.WaitFor(mutex_, left);
      }
      if (stopping_) return;
      taken.swap(inboxes_);
      promoted_rigs.swap(promoted_rigs_);
      queued_samples_ = 0;
    }
    TakePromoted(promoted_rigs);
    for (auto& [key, inbox] : taken) Process(key, std::move(inbox));
    if (absl::Now() >= next_tick) {
      next_tick = absl::Now() + kTickInterval;
      Tick();
    }
    if (!due_.empty()) TellNext(clock_.Now());
    context_.counters.Apply([&](LiveCounts* counts) { counts->runs = runs_.size(); });
  }
}

void LiveAnalysis::TakePromoted(const std::set<std::string>& rigs) {
  for (const auto& [key, run] : runs_) {
    if (!rigs.contains(key.rig)) continue;
    run->ReadPromoted();
    Ask(key, run.get());
  }
}

void LiveAnalysis::TakeWaiting(const Key& key, std::vector<store::EncodedBatch>* batches) {
  base::MutexLock lock(mutex_);
  const auto inbox = inboxes_.find(key);
  if (inbox == inboxes_.end()) return;
  queued_samples_ -= inbox->second.samples;
  inbox->second.samples = 0;
  for (store::EncodedBatch& batch : inbox->second.batches) batches->push_back(std::move(batch));
  inbox->second.batches.clear();
}

LiveRun* LiveAnalysis::Find(const Key& key, uint64_t not_live,
                            std::vector<store::EncodedBatch>* batches) {
  const auto found = runs_.find(key);
  if (found != runs_.end()) return found->second.get();
  {
    base::MutexLock lock(mutex_);
    if (unread_.contains(key)) return nullptr;
  }
  if (runs_.size() >= kMaxRuns) ForgetQuietest();
  absl::StatusOr<std::unique_ptr<LiveRun>> loaded =
      LiveRun::Load(context_, key.rig, key.run, clock_.Now(), not_live,
                    [&]() -> const std::vector<store::EncodedBatch>& {
                      TakeWaiting(key, batches);
                      return *batches;
                    });
  // A closed run is read by who asks for it; what cannot be read is told by the calls that read.
  if (!loaded.ok()) return nullptr;
  return (runs_[key] = *std::move(loaded)).get();
}

void LiveAnalysis::ForgetQuietest() {
  Forget(std::min_element(runs_.begin(), runs_.end(), [](const auto& a, const auto& b) {
    return a.second->last_batch() < b.second->last_batch();
  }));
}

void LiveAnalysis::Forget(std::map<Key, std::unique_ptr<LiveRun>>::iterator run) {
  const Key key = run->first;
  runs_.erase(run);
  base::MutexLock lock(mutex_);
  known_.erase(key);
}

void LiveAnalysis::CountSkipped(uint64_t samples) {
  context_.counters.Apply([&](LiveCounts* counts) { counts->skipped += samples; });
}

/// Lets go of a run until it can be read anew.
void LiveAnalysis::LetGo(const Key& key, uint64_t samples) {
  runs_.erase(key);
  base::MutexLock lock(mutex_);
  known_.erase(key);
  unread_[key].samples += samples;
  const auto inbox = inboxes_.find(key);
  if (inbox == inboxes_.end()) return;
  unread_[key].samples += inbox->second.samples;
  CountSkipped(inbox->second.samples);
  queued_samples_ -= inbox->second.samples;
  inbox->second.samples = 0;
  inbox->second.batches.clear();
}

void LiveAnalysis::Process(const Key& key, Inbox inbox) {
  if (inbox.dropped > 0) LetGo(key, inbox.dropped);
  const bool wakes = !inbox.batches.empty() || inbox.state == RunState::kOpen;
  LiveRun* run = nullptr;
  if (const auto found = runs_.find(key); found != runs_.end()) {
    run = found->second.get();
  } else if (wakes) {
    run = Find(key, 0, &inbox.batches);
  }
  if (run != nullptr) {
    TakeAnswers(key, std::move(inbox.answers), run);
    for (const store::EncodedBatch& batch : inbox.batches) run->Take(batch);
    if (inbox.state == RunState::kClosed) run->Close();
    run->Publish();
    Ask(key, run);
  }
  uint64_t never_read = 0;
  {
    base::MutexLock lock(mutex_);
    if (inbox.state == RunState::kClosed) {
      const auto unread = unread_.extract(key);
      if (!unread.empty()) never_read = unread.mapped().samples;
    }
    if (run == nullptr) known_.erase(key);
  }
  if (never_read > 0) TellSkipped(key, never_read);
  for (const std::function<void()>& then : inbox.then) then();
}

/// What they say is known before it is published: who subscribes afterwards is told of it.
void LiveAnalysis::TakeAnswers(const Key& key, std::vector<ForecastWorker::Answer> answers,
                               LiveRun* run) {
  if (answers.empty()) return;
  for (ForecastWorker::Answer& answer : answers) run->TakeAnswer(std::move(answer));
  base::MutexLock lock(mutex_);
  known_[key].poorly_understood = run->poorly_understood();
}

void LiveAnalysis::Ask(const Key& key, LiveRun* run) {
  std::optional<ForecastWorker::Request> request = run->AskForForecasts();
  if (!request) return;
  request->done = [this, key](ForecastWorker::Answer answer) {
    base::MutexLock lock(mutex_);
    if (answer.forecast && *answer.forecast != nullptr) known_[key].forecast = *answer.forecast;
    inboxes_[key].answers.push_back(std::move(answer));
    changed_.NotifyOne();
  };
  forecasts_worker_->Post(*std::move(request));
}

void LiveAnalysis::TellSkipped(const Key& key, uint64_t samples) {
  const std::string name = RunNameOf(key.rig, key.run);
  WatchEvent event{.topic = WatchTopic::kFinding, .rig = key.rig, .name = name};
  v1::Gap* const gap = event.message.mutable_gap();
  gap->set_reason(v1::GAP_REASON_ANALYSIS_BEHIND);
  gap->set_run(name);
  gap->set_coalesced(samples);
  context_.hub.Publish(std::move(event));
}

/// Reads a run anew that was let go of, and says what was not followed.
void LiveAnalysis::CatchUp(const Key& key, uint64_t samples) {
  {
    base::MutexLock lock(mutex_);
    unread_.erase(key);
  }
  std::vector<store::EncodedBatch> batches;
  LiveRun* const run = Find(key, samples, &batches);
  if (run == nullptr) return;
  TellSkipped(key, samples);
  for (const store::EncodedBatch& batch : batches) run->Take(batch);
  run->Publish();
  Ask(key, run);
}

void LiveAnalysis::Tick() {
  std::vector<std::pair<Key, uint64_t>> quiet;
  {
    base::MutexLock lock(mutex_);
    for (auto& [key, unread] : unread_) {
      const bool is_quiet = unread.samples == unread.at_last_tick;
      unread.at_last_tick = unread.samples;
      if (is_quiet) quiet.emplace_back(key, unread.samples);
    }
  }
  for (const auto& [key, samples] : quiet) {
    if (context_.hub.WantsRun(key.rig, RunNameOf(key.rig, key.run))) CatchUp(key, samples);
  }
  due_.clear();
  for (const auto& [key, run] : runs_) due_.push_back(key);
}

void LiveAnalysis::TellNext(absl::Time now) {
  const Key key = due_.front();
  due_.pop_front();
  const auto run = runs_.find(key);
  if (run == runs_.end()) return;
  LiveRun& live = *run->second;
  const bool watched = context_.hub.WantsRun(key.rig, RunNameOf(key.rig, key.run));
  live.Tell(now);
  const bool forgotten = !watched && now - live.last_batch() > kForgetAfter;
  if (live.IsOver() || forgotten) Forget(run);
}

}  // namespace parallax::server
