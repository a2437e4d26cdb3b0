#include "server/counted_twins.h"

#include <utility>

namespace parallax::server {
namespace {

class CountedTwin final : public twin::Twin {
 public:
  CountedTwin(const twin::Twin& twin, std::atomic<uint64_t>& count) : twin_(twin), count_(count) {}

  const twin::Description& description() const override { return twin_.description(); }
  absl::StatusOr<twin::Drive> Prepare(const signal::Rig& rig, const signal::CleanRun& run,
                                      twin::DriveMode mode) const override {
    return twin_.Prepare(rig, run, mode);
  }
  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                       const twin::Drive& drive, twin::Prediction* prediction,
                       twin::Jacobian* jacobian) const override {
    count_.fetch_add(1, std::memory_order_relaxed);
    return twin_.Predict(parameters, drive, prediction, jacobian);
  }
  void AdoptFirstReadings(twin::Drive* drive) const override { twin_.AdoptFirstReadings(drive); }
  const twin::Mediation* mediation() const override { return twin_.mediation(); }

 private:
  const twin::Twin& twin_;
  std::atomic<uint64_t>& count_;
};

}  // namespace

CountedTwins::CountedTwins(twin::Registry twins) : twins_(std::move(twins)) {
  for (const twin::Twin* twin : twins_.List()) {
    counts_.push_back(std::make_unique<std::atomic<uint64_t>>(0));
    registry_.Add(std::make_unique<CountedTwin>(*twin, *counts_.back()));
  }
}

std::map<std::string, uint64_t> CountedTwins::Evaluations() const {
  std::map<std::string, uint64_t> evaluations;
  size_t i = 0;
  for (const twin::Twin* twin : twins_.List()) {
    evaluations[twin->description().name] = counts_[i++]->load(std::memory_order_relaxed);
  }
  return evaluations;
}

}  // namespace parallax::server
