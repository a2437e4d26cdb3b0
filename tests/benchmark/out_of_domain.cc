// Tells runs of a changed mechanism from nominal ones on recorded campaigns: out_of_domain FOLDER.
// Positives: every run of a campaign whose label names a changed parameter or a mechanism that the
// twin has not (case_study, single, double, confounded, unmodelled); negatives: of family null.
// Runs with a lying sensor and a nominal process are neither, and are counted apart.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/random.h"
#include "core/pipeline/run_departure.h"
#include "core/surrogate/roc.h"
#include "tests/benchmark/study_campaigns.h"

namespace parallax::pipeline {
namespace {

constexpr int kSimulated = 4000, kResamples = 2000;

struct Scores {
  std::string id, family;
  std::vector<double> of_run;
};

/// A right twin's run with a fault of one instrument, in three runs of ten: an offset of up to ten
/// of its own sds.
double SimulatedScore(const RunDeparture& like, base::Random* random, bool faults) {
  const Eigen::MatrixXd root = like.covariance.llt().matrixL();
  Eigen::VectorXd gap(like.gap.size());
  for (double& value : gap) value = random->Normal();
  gap = root * gap.eval();
  if (faults && random->Uniform() < 0.3) {
    const std::string& liar = like.channels[random->Below(like.channels.size())];
    const double size = 20.0 * random->Uniform() - 10.0;
    for (size_t i = 0; i < like.channels.size(); ++i) {
      const auto at = static_cast<Eigen::Index>(i);
      if (like.channels[i] == liar) gap(at) += size * std::sqrt(like.covariance(at, at));
    }
  }
  return DepartureScore(gap, like.covariance);
}

double Area(const std::vector<const Scores*>& positives,
            const std::vector<const Scores*>& negatives, std::vector<double> Scores::*kind) {
  std::vector<double> p, n;
  for (const Scores* one : positives) p.insert(p.end(), (one->*kind).begin(), (one->*kind).end());
  for (const Scores* one : negatives) n.insert(n.end(), (one->*kind).begin(), (one->*kind).end());
  return surrogate::AreaUnderRoc(
             Eigen::Map<Eigen::VectorXd>(p.data(), static_cast<Eigen::Index>(p.size())),
             Eigen::Map<Eigen::VectorXd>(n.data(), static_cast<Eigen::Index>(n.size())))
      .value()
      .area;
}

void Tell(const char* what, const std::vector<const Scores*>& positives,
          const std::vector<const Scores*>& negatives, std::vector<double> Scores::*kind) {
  base::Random random(1, 0);
  std::vector<double> areas;
  const auto draw = [&](const std::vector<const Scores*>& from) {
    std::vector<const Scores*> some;
    for (size_t i = 0; i < from.size(); ++i) some.push_back(from[random.Below(from.size())]);
    return some;
  };
  for (int b = 0; b < kResamples; ++b)
    areas.push_back(Area(draw(positives), draw(negatives), kind));
  std::printf("| %s | %.3f | %.3f to %.3f |\n", what, Area(positives, negatives, kind),
              base::Quantile(areas, 0.05), base::Quantile(areas, 0.95));
}

int Run(const std::string& folder) {
  const std::vector<testing::StudyCampaign> campaigns = testing::ReadStudyCampaigns(folder);
  std::vector<Scores> all(campaigns.size());
  RunDeparture example;
  for (size_t c = 0; c < campaigns.size(); ++c) {
    const testing::StudyCampaign& campaign = campaigns[c];
    std::vector<RunDeparture> departures(campaign.runs.size());
    base::ParallelFor(campaign.runs.size(), [&](size_t i) {
      departures[i] =
          MeasureDeparture(testing::Nanotubes(), campaign.runs[i], campaign.assumed).value();
    });
    all[c] = {.id = campaign.id, .family = campaign.family};
    for (const RunDeparture& one : departures) {
      all[c].of_run.push_back(one.score);
    }
    const auto median = [](std::vector<double> v) { return base::Quantile(std::move(v), 0.5); };
    base::Random random(2, c);
    std::vector<double> sound, faulty;
    for (int i = 0; i < kSimulated; ++i) {
      const RunDeparture& like = departures[static_cast<size_t>(i) % departures.size()];
      sound.push_back(SimulatedScore(like, &random, false));
      faulty.push_back(SimulatedScore(like, &random, true));
    }
    const double limit = base::Quantile(faulty, 0.95);
    std::printf(
        "%s %s: median score %.2f; simulated nominal "
        "runs 95 %% below %.2f, with faults %.2f; beyond %d of %d\n",
        all[c].id.c_str(), all[c].family.c_str(), median(all[c].of_run),
        base::Quantile(sound, 0.95), limit,
        static_cast<int>(std::count_if(all[c].of_run.begin(), all[c].of_run.end(),
                                       [&](double s) { return s > limit; })),
        static_cast<int>(all[c].of_run.size()));
  }
  std::vector<const Scores*> changed, nominal, sensor;
  for (const Scores& one : all) {
    (one.family == "null" ? nominal : one.family == "sensor" ? sensor : changed).push_back(&one);
  }
  std::vector<const Scores*> sound = nominal;
  sound.insert(sound.end(), sensor.begin(), sensor.end());
  std::printf("\n| area under ROC | | 90 %% over campaigns |\n|---|---|---|\n");
  Tell("changed against nominal, score", changed, nominal, &Scores::of_run);
  Tell("changed against nominal and lying sensors, score", changed, sound, &Scores::of_run);
  for (const Scores* one : changed) Tell(one->id.c_str(), {one}, nominal, &Scores::of_run);
  return 0;
}

}  // namespace
}  // namespace parallax::pipeline

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: out_of_domain FOLDER\n");
    return 2;
  }
  return parallax::pipeline::Run(argv[1]);
}
