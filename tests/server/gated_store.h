#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/store/store.h"

namespace parallax::server {

/// A store whose queue of batches a test can hold back, fill or fail, whose jobs it can keep
/// queued, whose reports unlisted and whose copies unmade; all else is the real store's.
class GatedStore final : public store::Store {
 public:
  explicit GatedStore(std::unique_ptr<store::Store> inner) : inner_(std::move(inner)) {}

  /// From now on batches wait, at most `capacity` of them; more are not taken.
  void Hold(size_t capacity) {
    base::MutexLock lock(mutex_);
    holding_ = true;
    capacity_ = capacity;
  }
  /// Waits until `count` batches wait, and at least `refusals` found no room.
  void WaitForHeld(size_t count, size_t refusals = 0) {
    base::MutexLock lock(mutex_);
    while (held_.size() < count || refusals_ < refusals) changed_.Wait(mutex_);
  }
  /// Lets everything through again, in order.
  void Release() {
    base::MutexLock lock(mutex_);
    holding_ = false;
    for (auto& [batch, observer] : held_) (void)inner_->TryAppend(batch, std::move(observer));
    held_.clear();
  }
  /// Batches are answered with `status`, OK for no more of this.
  void FailAppends(absl::Status status) {
    base::MutexLock lock(mutex_);
    failure_ = std::move(status);
  }

  /// From now on no job is claimed.
  void HoldJobs() {
    base::MutexLock lock(mutex_);
    holding_jobs_ = true;
  }

  /// The real store, past every gate.
  store::Store& inner() { return *inner_; }

  /// From now on reports are not listed: whoever asks for them waits.
  void HoldReports() {
    base::MutexLock lock(mutex_);
    holding_reports_ = true;
  }
  /// Waits until somebody waits for reports.
  void WaitForHeldReports() {
    base::MutexLock lock(mutex_);
    while (held_reports_ == 0) changed_.Wait(mutex_);
  }
  void ReleaseReports() {
    base::MutexLock lock(mutex_);
    holding_reports_ = false;
    changed_.NotifyAll();
  }

  absl::StatusOr<std::vector<store::ReportRow>> ListReports(
      const std::string& rig, const store::PageRequest& page) override {
    {
      base::MutexLock lock(mutex_);
      ++held_reports_;
      changed_.NotifyAll();
      while (holding_reports_) changed_.Wait(mutex_);
      --held_reports_;
    }
    return inner_->ListReports(rig, page);
  }

  absl::StatusOr<std::optional<store::JobRow>> ClaimJob() override {
    {
      base::MutexLock lock(mutex_);
      if (holding_jobs_) return std::nullopt;
    }
    return inner_->ClaimJob();
  }

  /// From now on copies stop where they begin, until they are released or called off.
  void HoldCopies() {
    base::MutexLock lock(mutex_);
    holding_copies_ = true;
  }
  /// Waits until a copy is being held.
  void WaitForHeldCopy() {
    base::MutexLock lock(mutex_);
    while (held_copies_ == 0) changed_.Wait(mutex_);
  }
  void ReleaseCopies() {
    base::MutexLock lock(mutex_);
    holding_copies_ = false;
  }

  absl::StatusOr<std::unique_ptr<store::StoreCopy>> Copy(const store::GoesOn& goes_on) override {
    return inner_->Copy([this, &goes_on] {
      base::MutexLock lock(mutex_);
      ++held_copies_;
      changed_.NotifyAll();
      while (holding_copies_ && goes_on()) changed_.WaitFor(mutex_, absl::Milliseconds(1));
      --held_copies_;
      return goes_on();
    });
  }

  bool TryAppend(store::EncodedBatch& batch,
                 std::shared_ptr<store::AppendObserver> observer) override {
    absl::Status failure;
    {
      base::MutexLock lock(mutex_);
      failure = failure_;
      if (failure.ok() && !holding_) return inner_->TryAppend(batch, std::move(observer));
      if (failure.ok()) {
        const bool room = held_.size() < capacity_;
        if (room) held_.emplace_back(std::move(batch), std::move(observer));
        refusals_ += room ? 0 : 1;
        changed_.NotifyAll();
        return room;
      }
    }
    store::AppendedBatch answer{.batch = std::move(batch), .outcome = failure};
    observer->OnAppended({&answer, 1});
    return true;
  }

#define PARALLAX_PASS(Result, Method, Declare, Pass) \
  Result Method Declare override { return inner_->Method Pass; }
  using Rig = std::string;
  using Page = store::PageRequest;
  template <typename T>
  using Or = absl::StatusOr<T>;
  template <typename T>
  using Rows = absl::StatusOr<std::vector<T>>;
  PARALLAX_PASS(absl::Status, CreateRig, (const store::RigRow& a, const store::ParameterSetRow& b),
                (a, b))
  PARALLAX_PASS(Or<store::RigRow>, UpdateRig,
                (const Rig& a, const Rig& b, const store::RigChange& c), (a, b, c))
  PARALLAX_PASS(Or<store::RigRow>, GetRig, (const Rig& a), (a))
  PARALLAX_PASS(Rows<store::RigRow>, ListRigs, (const Page& a), (a))
  PARALLAX_PASS(absl::Status, OpenRun, (const Rig& a, const signal::Run& b), (a, b))
  PARALLAX_PASS(absl::Status, CloseRun, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(absl::Status, RecordOutcome, (const Rig& a, const Rig& b, const signal::Outcome& c),
                (a, b, c))
  PARALLAX_PASS(Or<store::RunRow>, GetRun, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(Rows<store::RunRow>, ListRuns, (const Rig& a, const Page& b), (a, b))
  PARALLAX_PASS(Or<store::StreamState>, OpenStream, (const store::StreamKey& a), (a))
  PARALLAX_PASS(void, WaitForObservers, (), ())
  PARALLAX_PASS(absl::Status, RecordRefusal, (int64_t a, const Rig& b, uint64_t c), (a, b, c))
  PARALLAX_PASS(Rows<store::StreamRow>, ListRunStreams, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(Rows<int64_t>, ReadReceiveTimes, (int64_t a, uint64_t b, uint64_t c), (a, b, c))
  PARALLAX_PASS(Or<signal::Series>, ReadSeries,
                (const Rig& a, const Rig& b, uint32_t c, const store::TimeRange& d), (a, b, c, d))
  PARALLAX_PASS(Or<store::RunSamples>, ReadRun, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(Rows<store::Bucket>, ReadBuckets,
                (const Rig& a, const Rig& b, uint32_t c, const store::TimeRange& d, size_t e),
                (a, b, c, d, e))
  PARALLAX_PASS(Or<uint64_t>, Compact, (), ())
  PARALLAX_PASS(Rows<store::RunKey>, ListRunsToRetire, (), ())
  PARALLAX_PASS(Or<store::Retirement>, RetireRun, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(Or<std::optional<std::string>>, FindRequest, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(absl::Status, RecordRequest, (const Rig& a, const Rig& b, const Rig& c), (a, b, c))
  PARALLAX_PASS(Or<store::JobRow>, InsertJob, (const store::JobRow& a), (a))
  PARALLAX_PASS(Or<store::JobRow>, GetJob, (const Rig& a), (a))
  PARALLAX_PASS(Or<std::optional<store::JobRow>>, FindJob, (const std::string& a), (a))
  PARALLAX_PASS(Rows<store::JobRow>, ListJobs, (const Rig& a, const Page& b), (a, b))
  PARALLAX_PASS(Rows<store::JobRow>, ListOpenJobs, (), ())
  PARALLAX_PASS(absl::Status, UpdateJob, (const store::JobRow& a), (a))
  PARALLAX_PASS(Or<store::JobRow>, CancelJob, (const Rig& a), (a))
  PARALLAX_PASS(absl::Status, FinishJob, (const store::JobRow& a, store::JobProduct b),
                (a, std::move(b)))
  PARALLAX_PASS(Or<store::JobRow>, GetJobOfReport, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(Or<store::DesignRow>, GetDesign, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(Rows<store::DesignRow>, ListDesigns, (const Rig& a, const Page& b), (a, b))
  PARALLAX_PASS(Or<store::ModelRow>, GetModel, (const Rig& a, int64_t b), (a, b))
  PARALLAX_PASS(Rows<store::ModelRow>, ListModels, (const Rig& a, const Page& b), (a, b))
  PARALLAX_PASS(Or<store::ModelRow>, PromoteModel,
                (const Rig& a, int64_t b, const Rig& c, const store::Promotion& d), (a, b, c, d))
  PARALLAX_PASS(Or<store::ReportRow>, GetReport, (const Rig& a, const Rig& b), (a, b))
  PARALLAX_PASS(Or<store::ParameterSetRow>, GetParameterSet, (const Rig& a, int64_t b), (a, b))
  PARALLAX_PASS(Rows<store::ParameterSetRow>, ListParameterSets, (const Rig& a, const Page& b),
                (a, b))
  PARALLAX_PASS(Or<store::ParameterSetRow>, PromoteParameterSet,
                (const Rig& a, int64_t b, const Rig& c, const store::Promotion& d), (a, b, c, d))
  PARALLAX_PASS(Or<store::ParameterSetRow>, RollBackParameterSet,
                (const Rig& a, const Rig& b, const Rig& c), (a, b, c))
#undef PARALLAX_PASS

 private:
  const std::unique_ptr<store::Store> inner_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  bool holding_jobs_ ABSL_GUARDED_BY(mutex_) = false;
  bool holding_reports_ ABSL_GUARDED_BY(mutex_) = false;
  size_t held_reports_ ABSL_GUARDED_BY(mutex_) = 0;
  bool holding_copies_ ABSL_GUARDED_BY(mutex_) = false;
  size_t held_copies_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t capacity_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t refusals_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::pair<store::EncodedBatch, std::shared_ptr<store::AppendObserver>>> held_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::server
