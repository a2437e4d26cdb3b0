#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/campaign_rows.h"
#include "core/pipeline/share_game.h"
#include "core/twin/trust.h"
#include "tests/core/pipeline/planted_campaign.h"

// Exact Shapley values of a nanotube campaign's gap, by the way that an analysis takes: the worths
// of all coalitions of so many parameters, each of which predicts every run, and their division.
// The counter is the share of all cores' time that went by inside the twin: what is not there is
// the division's own, or a core that waited.
namespace parallax::pipeline {
namespace {

/// CPU time of the calling thread [ns].
int64_t ThreadCpuNs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The twin that it stands for, which counts the CPU time of its predictions. Thread-safe.
class TimedTwin final : public twin::Twin {
 public:
  explicit TimedTwin(const twin::Twin& twin) : twin_(twin) {}

  const twin::Description& description() const override { return twin_.description(); }
  absl::StatusOr<twin::Drive> Prepare(const signal::Rig& rig, const signal::CleanRun& run,
                                      twin::DriveMode mode) const override {
    return twin_.Prepare(rig, run, mode);
  }
  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                       const twin::Drive& drive, twin::Prediction* prediction,
                       twin::Jacobian* jacobian) const override {
    const int64_t begin = ThreadCpuNs();
    const absl::Status status = twin_.Predict(parameters, drive, prediction, jacobian);
    cpu_ns_.fetch_add(ThreadCpuNs() - begin, std::memory_order_relaxed);
    return status;
  }
  void AdoptFirstReadings(twin::Drive* drive) const override { twin_.AdoptFirstReadings(drive); }
  const twin::Mediation* mediation() const override { return twin_.mediation(); }

  int64_t cpu_ns() const { return cpu_ns_.load(std::memory_order_relaxed); }

 private:
  const twin::Twin& twin_;
  mutable std::atomic<int64_t> cpu_ns_{0};
};

/// A campaign of four runs beside its twin, up to where its gap is divided.
struct SharedGap {
  testing::Campaign campaign;
  std::vector<CampaignRun> runs;
  std::unique_ptr<CampaignModel> model;
  std::unique_ptr<CampaignNoise> noise;
  std::unique_ptr<CampaignGauge> gauge;
};

absl::StatusOr<std::unique_ptr<SharedGap>> GatherGap(const twin::Twin& twin) {
  auto out = std::make_unique<SharedGap>();
  PARALLAX_ASSIGN_OR_RETURN(out->campaign, testing::Plant({.bench = testing::Bench::kForest,
                                                           .shifts = {{"k0", -3.0}},
                                                           .calibrate_runs = 4,
                                                           .validate_runs = 0}));
  for (const signal::RunRecord& record : out->campaign.calibrate) {
    PARALLAX_ASSIGN_OR_RETURN(CampaignRun run,
                              GatherRows(out->campaign.rig, twin, record, out->campaign.assumed));
    out->runs.push_back(std::move(run));
  }
  out->model = std::make_unique<CampaignModel>(twin, out->runs, out->campaign.assumed);
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  PARALLAX_RETURN_IF_ERROR(out->model->DifferentiateAll(out->model->base(), &residuals, &jacobian));
  PARALLAX_ASSIGN_OR_RETURN(
      CampaignNoise noise,
      CampaignNoise::Create(*out->model, twin::TrustIn(twin.description().name), jacobian));
  out->noise = std::make_unique<CampaignNoise>(std::move(noise));
  out->gauge = std::make_unique<CampaignGauge>(*out->model, *out->noise, /*seed=*/1);
  return out;
}

/// One draw, in which each of the twin's first parameters is 0.3 prior sds above what is assumed.
ShareGame GameOfFirst(const SharedGap& shared, int players) {
  ShareGame game{.players = {},
                 .union_of = {},
                 .assumed = shared.model->base(),
                 .informed = shared.model->base(),
                 .gap = [&shared](const Eigen::VectorXd& z) -> absl::StatusOr<double> {
                   Eigen::VectorXd residuals;
                   PARALLAX_RETURN_IF_ERROR(shared.model->Residuals(z, &residuals));
                   return shared.gauge->Gap(residuals);
                 }};
  for (int p = 0; p < players; ++p) {
    game.players.push_back({p});
    game.union_of.push_back(p);
    game.informed(p, 0) += 0.3;
  }
  return game;
}

void BM_ExactShapley(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const TimedTwin twin(testing::Nanotubes());
  const absl::StatusOr<std::unique_ptr<SharedGap>> shared = GatherGap(twin);
  if (!shared.ok()) return state.SkipWithError(shared.status().ToString().c_str());
  const ShareGame game = GameOfFirst(**shared, static_cast<int>(state.range(0)));
  const int64_t cpu_before_ns = twin.cpu_ns();
  const Clock::time_point begin = Clock::now();
  for ([[maybe_unused]] auto _ : state) {
    const absl::StatusOr<Eigen::MatrixXd> worths = WorthsOf(game);
    if (!worths.ok() || worths->cols() == 0) return state.SkipWithError("the twin fails");
    const absl::StatusOr<attribution::GapShares> shares = ShareWorths(game, *worths);
    if (!shares.ok()) return state.SkipWithError(shares.status().ToString().c_str());
    benchmark::DoNotOptimize(shares->share.data());
  }
  const double wall_s = std::chrono::duration<double>(Clock::now() - begin).count();
  const double in_twin_s = static_cast<double>(twin.cpu_ns() - cpu_before_ns) * 1e-9;
  state.counters["cores_busy_in_twin"] = in_twin_s / wall_s / std::thread::hardware_concurrency();
}
BENCHMARK(BM_ExactShapley)->Arg(8)->Arg(12)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace parallax::pipeline
