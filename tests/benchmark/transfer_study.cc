// Does domain randomisation, and does alignment, foretell outcomes of real runs better than the
// twin alone? transfer_study FOLDER; with "calibrated" for twins that were calibrated
// with the real runs first (transfer_calibrated.h). Every rig is held back from the choice of
// anything: all figures of the method are fixed beforehand. What is learnt, from simulated runs
// alone: how the gap of an outcome follows from the gaps of the readings in the reactor, both
// against the twin as assumed. Off: the simulation never varies, so that there is nothing to learn
// and the twin speaks. On: 80 % inflated prior about what is assumed (no rig was calibrated), 20 %
// prior, discrepancy and faults. Aligned: simulated reading gaps moved to the real ones of the runs
// trained on, needs three. In all arms the mean error of the n real runs, shrunk by n/(n + 1), is
// taken off. Randomised covariance: the draws say instead what gaps of different runs have in
// common, and the n real ones condition it. Plain CORAL moves all directions, whatever it erases.
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/random.h"
#include "core/surrogate/align.h"
#include "core/surrogate/gp.h"
#include "tests/benchmark/study_campaigns.h"
#include "tests/benchmark/transfer_calibrated.h"
#include "tests/benchmark/transfer_gaps.h"

namespace parallax::pipeline {
namespace {

using testing::CalibratedErrors;
using testing::Conditioned;
using testing::RigGaps;
using testing::Score;
using testing::SquareSum;

constexpr int kResamples = 2000;
constexpr int kReal[] = {0, 2, 5, 10};
enum Arm { kTwin, kRandomised, kAligned, kCoral, kKernel, kArms };

/// What readings say of outcomes: runs × outcomes. @param simulated  readings to learn from.
Eigen::MatrixXd Foretell(const RigGaps& gaps, const Eigen::MatrixXd& simulated) {
  Eigen::MatrixXd foretold(gaps.real.rows(), gaps.of.real.cols());
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    const surrogate::GaussianProcess process =
        surrogate::FitGaussianProcess(
            {.feature_names = gaps.readings,
             .features = simulated,
             .outcome_name = gaps.of.outcomes[static_cast<size_t>(k)],
             .outcomes = gaps.simulated_gap.col(k)},
            {.trend = surrogate::Trend::kLinear, .noise_sd = {.median = 0.5, .log_sd = 1.0}})
            .value();
    const std::vector<surrogate::Prediction> rows = process.Predict(gaps.real).value();
    for (Eigen::Index r = 0; r < foretold.rows(); ++r) {
      foretold(r, k) = rows[static_cast<size_t>(r)].mean;
    }
  }
  return foretold;
}

struct RigErrors {
  bool forest = false;
  double rmse[kArms][std::size(kReal)] = {};
  int refused = 0, aligned = 0, plain_refused = 0;
  std::string because;  ///< of the last refusal
};

Eigen::MatrixXd Aligned(const RigGaps& gaps, const std::vector<Eigen::Index>& train,
                        const surrogate::AlignmentOptions& options, RigErrors* errors) {
  const absl::StatusOr<surrogate::AlignmentResult> result = surrogate::Align(
      {.simulated = gaps.simulated, .parameters = gaps.z, .real = gaps.real(train, Eigen::all)},
      options);
  // Plain CORAL is what the refusal is to be held against: it is taken all the same.
  const bool taken = options.directions == surrogate::AlignedDirections::kAll;
  if (!result.ok() || (result->refused && !taken)) {
    ++errors->refused;
    errors->because = result.ok() ? result->because.front() : result.status().ToString();
    return gaps.simulated;
  }
  ++errors->aligned;
  return result->map.Apply(gaps.simulated);
}

RigErrors ErrorsOf(const RigGaps& gaps) {
  RigErrors errors{.forest = gaps.of.forest};
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(gaps.real.rows(), gaps.of.real.cols());
  const Eigen::MatrixXd randomised = Foretell(gaps, gaps.simulated);
  for (size_t n = 0; n < std::size(kReal); ++n) {
    SquareSum score[kArms];
    for (uint64_t split = 0; split < testing::kSplits; ++split) {
      const std::vector<Eigen::Index> order = testing::Permuted(gaps.real.rows(), split);
      Score(gaps.of, none, order, kReal[n], &score[kTwin]);
      Score(gaps.of, randomised, order, kReal[n], &score[kRandomised]);
      Score(gaps.of, Conditioned(gaps.of, order, kReal[n]), order, 0, &score[kKernel]);
      Eigen::MatrixXd aligned = randomised, coral = randomised;
      if (kReal[n] >= 3) {
        const std::vector<Eigen::Index> train(order.begin(), order.begin() + kReal[n]);
        RigErrors plain;
        const Eigen::MatrixXd moved = Aligned(gaps, train, {}, &errors);
        if (moved != gaps.simulated) aligned = Foretell(gaps, moved);
        coral = Foretell(gaps, Aligned(gaps, train,
                                       {.directions = surrogate::AlignedDirections::kAll,
                                        .most_information_drop = 0.999999},
                                       &plain));
        errors.plain_refused += plain.refused;
      }
      Score(gaps.of, aligned, order, kReal[n], &score[kAligned]);
      Score(gaps.of, coral, order, kReal[n], &score[kCoral]);
    }
    for (int arm = 0; arm < kArms; ++arm)
      errors.rmse[arm][n] = std::sqrt(score[arm].sum / score[arm].count);
  }
  return errors;
}

/// Mean over rigs of f, and its central 90 % over resampled rigs.
template <typename Errors, typename F>
void Tell(const std::vector<const Errors*>& rigs, double scale, const F& f) {
  base::Random random(31, 0);
  std::vector<double> means;
  double mean = 0.0;
  for (const Errors* rig : rigs) mean += f(*rig) / static_cast<double>(rigs.size());
  for (int b = 0; b < kResamples; ++b) {
    double sum = 0.0;
    for (size_t i = 0; i < rigs.size(); ++i) sum += f(*rigs[random.Below(rigs.size())]);
    means.push_back(sum / static_cast<double>(rigs.size()));
  }
  std::printf(" %.2f (%.2f to %.2f) |", scale * mean, scale * base::Quantile(means, 0.05),
              scale * base::Quantile(means, 0.95));
}

void PrintTable(const char* title, const std::vector<const RigErrors*>& rigs) {
  std::printf(
      "\n%s, %d rigs\n| real runs | twin | randomised | change | aligned too | change "
      "| plain CORAL | change | randomised covariance | change |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n",
      title, static_cast<int>(rigs.size()));
  for (size_t n = 0; n < std::size(kReal); ++n) {
    std::printf("| %d |", kReal[n]);
    Tell(rigs, 100.0, [n](const RigErrors& e) { return e.rmse[kTwin][n]; });
    constexpr Arm kAgainst[][2] = {
        {kRandomised, kTwin}, {kAligned, kRandomised}, {kCoral, kRandomised}, {kKernel, kTwin}};
    for (const auto& pair : kAgainst) {
      Tell(rigs, 100.0, [&](const RigErrors& e) { return e.rmse[pair[0]][n]; });
      Tell(rigs, 100.0,
           [&](const RigErrors& e) { return e.rmse[pair[0]][n] - e.rmse[pair[1]][n]; });
    }
    std::printf("\n");
  }
}

void PrintCalibrated(const char* title, const std::vector<const CalibratedErrors*>& rigs) {
  std::printf(
      "\n%s, %d rigs, calibrated with the real runs\n| real runs | sets | as assumed, offset | as "
      "assumed, covariance | calibrated alone | offset | less alone | covariance | less alone | "
      "likely covariance | less alone | over features | less alone |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      title, static_cast<int>(rigs.size()));
  for (size_t n = 0; n < std::size(testing::kCalibratedOn); ++n) {
    int sets = 0;
    for (const CalibratedErrors* rig : rigs) sets += rig->calibrated[n];
    std::printf("| %d | %d of %d |", testing::kCalibratedOn[n], sets,
                testing::kCalibratedSplits * static_cast<int>(rigs.size()));
    for (int arm = 0; arm < testing::kCalibratedArms; ++arm) {
      Tell(rigs, 100.0, [&](const CalibratedErrors& e) { return e.rmse[arm][n]; });
      if (arm <= testing::kAlone) continue;
      Tell(rigs, 100.0,
           [&](const CalibratedErrors& e) { return e.rmse[arm][n] - e.rmse[testing::kAlone][n]; });
    }
    std::printf("\n");
  }
  int served = 0, refused = 0, not_learnt = 0;
  for (const CalibratedErrors* rig : rigs) {
    served += rig->served;
    refused += rig->refused;
    not_learnt += rig->not_learnt;
  }
  std::printf("models over features: %d served, %d refused, %d not made\n", served, refused,
              not_learnt);
}

int RunCalibrated(const std::vector<testing::StudyCampaign>& campaigns) {
  std::vector<CalibratedErrors> errors;
  std::vector<const CalibratedErrors*> forests, chirality;
  for (const testing::StudyCampaign& campaign : campaigns) {
    errors.push_back(testing::CalibratedErrorsOf(campaign));
    const CalibratedErrors& rig = errors.back();
    std::printf("%s %s:", campaign.id.c_str(), campaign.family.c_str());
    for (size_t n = 0; n < std::size(testing::kCalibratedOn); ++n) {
      std::printf(" %d runs, %d sets, x 100:", testing::kCalibratedOn[n], rig.calibrated[n]);
      for (const auto& arm : rig.rmse) std::printf(" %.3f", 100.0 * arm[n]);
      std::printf(";");
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  for (const CalibratedErrors& one : errors) (one.forest ? forests : chirality).push_back(&one);
  PrintCalibrated("Height, rms error in %", forests);
  PrintCalibrated("Shares of (6,5), (7,5), (7,6), rms error in points", chirality);
  return 0;
}

int Run(const std::string& folder, std::string_view what) {
  const std::vector<testing::StudyCampaign> campaigns = testing::ReadStudyCampaigns(folder);
  if (what == "calibrated") return RunCalibrated(campaigns);
  std::vector<RigGaps> gaps;
  for (const testing::StudyCampaign& campaign : campaigns)
    gaps.push_back(testing::GapsOfRig(campaign));
  std::vector<RigErrors> errors(gaps.size());
  base::ParallelFor(gaps.size(), [&](size_t i) { errors[i] = ErrorsOf(gaps[i]); });
  std::vector<const RigErrors*> forests, chirality;
  int refused = 0, aligned = 0, plain_refused = 0;
  for (size_t i = 0; i < gaps.size(); ++i) {
    (errors[i].forest ? forests : chirality).push_back(&errors[i]);
    refused += errors[i].refused;
    aligned += errors[i].aligned;
    plain_refused += errors[i].plain_refused;
    std::printf("%s %s: twin %.2f, randomised %.2f (x 100, no real run)\n", gaps[i].id.c_str(),
                campaigns[i].family.c_str(), 100 * errors[i].rmse[kTwin][0],
                100 * errors[i].rmse[kRandomised][0]);
  }
  PrintTable("Height, rms error in %", forests);
  PrintTable("Shares of (6,5), (7,5), (7,6), rms error in points", chirality);
  std::printf("\nalignments refused: %d of %d (%s); plain ones: %d\n", refused, refused + aligned,
              errors.front().because.c_str(), plain_refused);
  return 0;
}

}  // namespace
}  // namespace parallax::pipeline

int main(int argc, char** argv) {
  if (argc != 2 && !(argc == 3 && std::string_view(argv[2]) == "calibrated")) {
    std::fprintf(stderr, "usage: transfer_study FOLDER [calibrated]\n");
    return 2;
  }
  return parallax::pipeline::Run(argv[1], argc == 3 ? argv[2] : "");
}
