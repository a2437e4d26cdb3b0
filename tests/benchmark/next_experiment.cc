// How many runs an ambiguous verdict needs before one explanation leads by what a verdict asks:
// with the runs that pipeline::SuggestExperiments would choose against recipes drawn at random,
// once from the same box and once from what the campaign's runs already span. Run by hand; takes
// minutes.
//
//   next_experiment [--repetitions=50] [--seed=7] [--data=DATA/swcnt] [--case=NAME] [--goals]
//
// Campaigns: two planted by the twin itself (one substrate thickness; one anneal time and
// temperature) and, with
// --data, the two confounded ones of the development recordings. What is true in a repetition is
// drawn from the campaign's own posterior: an explanation by its weight, its parameters, errors
// that runs have in common. A planned run is simulated by the twin there with the noise of its
// rows, and each explanation is refitted to it (Gauss-Newton in the state, Laplace evidence) from
// what it was before. The last column checks the lead after the first suggested run of repetition 1
// against CampaignSearch on all rows at once. --goals also seeks most (6,5), tallest and narrowest.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/pipeline/aim_score.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/design.h"
#include "core/pipeline/design_setup.h"
#include "core/pipeline/recipe_form.h"
#include "core/pipeline/suggest.h"
#include "core/twin/trust.h"
#include "tests/benchmark/sequential_belief.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/support/campaign_files.h"

namespace parallax::pipeline::testing {
namespace {

constexpr int kMostRuns = 16;
constexpr int kRandomPool = 160;
constexpr int kBootstraps = 4000;
constexpr uint64_t kTruthStream = 0x7472757468, kArmStream = 0x61726d, kBootStream = 0x626f6f74;

struct Options {
  int repetitions = 50;
  uint64_t seed = 7;
  std::string data, only;
  bool goals = false;
};

struct Case {
  std::string name;
  std::string knob;  ///< by which the pair is known to be told apart
  Campaign campaign;
};

/// The campaign of a folder of the development recordings.
Campaign ReadCampaign(const std::string& folder) {
  Campaign campaign{.rig = parallax::testing::ReadRig(folder + "/rig.json")};
  const nlohmann::json json = parallax::testing::ReadJsonFile(folder + "/campaign.json");
  for (const twin::Parameter& parameter : Nanotubes().description().parameters) {
    campaign.base.values.push_back(
        {.parameter = parameter.name,
         .run = {},
         .value = json.at("assumptions").value(parameter.name, parameter.nominal),
         .assumed = parameter.nominal,
         .unit = parameter.unit});
  }
  const auto read = [&](const char* split, std::vector<signal::RunRecord>* runs) {
    for (const auto& id : json.at("splits").at(split)) {
      runs->push_back(parallax::testing::ReadRunFolder(campaign.rig,
                                                       folder + "/runs/" + id.get<std::string>()));
    }
  };
  read("calibrate", &campaign.calibrate);
  read("validate", &campaign.validate);
  return campaign;
}

std::vector<Case> CasesOf(const Options& options) {
  std::vector<Case> cases;
  const auto add = [&](const char* name, const char* knob, const auto& make) {
    if (options.only.empty() || options.only == name) cases.push_back({name, knob, make()});
  };
  add("planted k0 Rc", "thickness", [] {
    return Plant({.bench = Bench::kChirality,
                  .seed = 11,
                  .shifts = {{"k0", -2.5}},
                  .thickness_m = 1e-3})
        .value();
  });
  add("planted dp0 Kr0", "anneal_time", [] {
    return Plant({.bench = Bench::kChirality,
                  .seed = 12,
                  .shifts = {{"Kr0", 2.5}},
                  .thickness_m = 1e-3,
                  .anneal_s = 300.0,
                  .temperature_k = 1058.0})
        .value();
  });
  if (options.data.empty()) return cases;
  add("c005", "thickness", [&] { return ReadCampaign(options.data + "/c005"); });
  add("c010", "anneal_time", [&] { return ReadCampaign(options.data + "/c010"); });
  return cases;
}

/// What came of one arm of one repetition.
struct Arm {
  int runs = kMostRuns;
  bool resolved = false, right = false;
};

using Steps = std::vector<const DesignCandidate*>;

/// One campaign under study.
class Study {
 public:
  Study(const DesignBench& bench, uint64_t seed) : bench_(bench), seed_(seed) {}

  /// @param which  run of each step.
  Arm Follow(int repetition, const Steps& steps) const {
    const TrueState truth =
        DrawTrueState(bench_.belief, seed_, kTruthStream + static_cast<uint64_t>(repetition));
    SequentialBelief belief(bench_);
    base::Random noise(seed_, kArmStream + static_cast<uint64_t>(repetition));
    Arm arm;
    for (int n = 1; n <= kMostRuns; ++n) {
      const DesignCandidate& run = *steps[static_cast<size_t>(n - 1)];
      const absl::StatusOr<Eigen::VectorXd> data = SimulateRows(bench_, run, truth, &noise);
      if (!data.ok() || !belief.Learn(run, *data).ok()) continue;
      if (!belief.Resolved()) continue;
      return {.runs = n, .resolved = true, .right = belief.Leader() == truth.hypothesis};
    }
    return arm;
  }

  static Steps InTurn(const ChosenRuns& suggested) {
    Steps steps;
    for (size_t n = 0; n < static_cast<size_t>(kMostRuns); ++n) {
      steps.push_back(&suggested.runs[n % suggested.runs.size()].candidate);
    }
    return steps;
  }

  Steps AtRandom(int repetition, const std::vector<DesignCandidate>& pool) const {
    base::Random random(seed_, kArmStream + 0x100000 + static_cast<uint64_t>(repetition));
    Steps steps;
    for (int n = 0; n < kMostRuns; ++n) steps.push_back(&pool[random.Below(pool.size())]);
    return steps;
  }

 private:
  const DesignBench& bench_;
  const uint64_t seed_;
};

double MeanRuns(const std::vector<Arm>& arms, const std::vector<size_t>& which) {
  double sum = 0.0;
  for (const size_t i : which) sum += arms[i].runs;
  return sum / static_cast<double>(which.size());
}

/// 1 - mean of suggested over mean of random, over repetitions drawn with replacement.
std::pair<double, double> Interval(const std::vector<Arm>& suggested,
                                   const std::vector<Arm>& random, uint64_t seed) {
  std::vector<double> reductions;
  base::Random draw(seed, kBootStream);
  std::vector<size_t> which(suggested.size());
  for (int b = 0; b < kBootstraps; ++b) {
    for (size_t& i : which) i = draw.Below(suggested.size());
    reductions.push_back(1.0 - MeanRuns(suggested, which) / MeanRuns(random, which));
  }
  return {base::Quantile(reductions, 0.025), base::Quantile(reductions, 0.975)};
}

void PrintArms(const std::string& against, const std::vector<Arm>& suggested,
               const std::vector<Arm>& random, uint64_t seed) {
  std::vector<size_t> all(suggested.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto [low, high] = Interval(suggested, random, seed);
  const double s = MeanRuns(suggested, all), r = MeanRuns(random, all);
  const auto count = [](const std::vector<Arm>& arms, const auto& what) {
    return std::count_if(arms.begin(), arms.end(), what);
  };
  const auto wrong = [](const Arm& arm) { return arm.resolved && !arm.right; };
  const auto open = [](const Arm& arm) { return !arm.resolved; };
  std::printf(
      "  runs until resolved: suggested %.2f, random %s %.2f: %.0f %% fewer (95 %%: %.0f to "
      "%.0f); wrong %td and %td, open after %d runs %td and %td of %zu\n",
      s, against.c_str(), r, 100.0 * (1.0 - s / r), 100.0 * low, 100.0 * high,
      count(suggested, wrong), count(random, wrong), kMostRuns, count(suggested, open),
      count(random, open), suggested.size());
}

/// The box of what the runs of a campaign span already.
absl::StatusOr<RecipeBox> SpannedBox(const DesignInput& input, const RecipeBox& box) {
  std::vector<KnobLimit> limits;
  for (Eigen::Index k = 0; k < box.box().size(); ++k) {
    const std::string& name = box.box().knobs()[static_cast<size_t>(k)].name;
    const auto place = std::find(RecipeKnobNames().begin(), RecipeKnobNames().end(), name) -
                       RecipeKnobNames().begin();
    double low = box.usual()(k), high = low;
    for (const signal::RunRecord* run : AllRuns(input)) {
      PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd settings, SettingsOf(input.rig, run->run));
      low = std::min(low, settings(place));
      high = std::max(high, settings(place));
    }
    limits.push_back({name, low, high});
  }
  return BoxOf(input, limits);
}

absl::StatusOr<std::vector<DesignCandidate>> RandomPool(const DesignBench& bench, uint64_t seed) {
  PARALLAX_ASSIGN_OR_RETURN(DesignPoints points, DesignPointsOf(bench.box, kRandomPool, seed));
  points.points.resize(points.random);
  return ForeseeAll(bench, &points);
}

/// The three goals of a growth lab.
absl::Status SeekGoals(const DesignInput& input, const RecipeBox& box, const DesignSetup& setup) {
  const GoalRequest goals[] = {{.outcome = "share_6_5"},
                               {.outcome = "height"},
                               {.outcome = "mean_diameter", .direction = GoalDirection::kMinimize}};
  for (const GoalRequest& goal : goals) {
    PARALLAX_ASSIGN_OR_RETURN(const DesignResult found, SeekFrom(input, goal, box, setup, GoOn));
    std::printf("  goal: %s\n", found.headline.c_str());
  }
  return absl::OkStatus();
}

absl::Status StudyCase(const Case& one, const Options& options) {
  const Campaign& campaign = one.campaign;
  PARALLAX_ASSIGN_OR_RETURN(const AnalysisResult analysis,
                            Analyze(campaign.Input(options.seed), GoOn));
  const DesignInput input{.rig = campaign.rig,
                          .twin = Nanotubes(),
                          .base = campaign.base,
                          .calibrate_runs = campaign.calibrate,
                          .validate_runs = campaign.validate,
                          .report_json = analysis.report_json,
                          .seed = options.seed};
  PARALLAX_ASSIGN_OR_RETURN(const ReportVerdict verdict, ReadVerdict(analysis.report_json));
  std::printf("%s: verdict %s %s\n", one.name.c_str(), verdict.kind.c_str(),
              absl::StrJoin(verdict.parameters, " ").c_str());
  PARALLAX_ASSIGN_OR_RETURN(const RecipeBox box, BoxOf(input, {}));
  PARALLAX_ASSIGN_OR_RETURN(const DesignSetup setup, SetUpDesign(input, GoOn));
  const DesignBench bench = setup.Bench(input, box);
  for (const CampaignHypothesis& h : bench.belief.hypotheses()) {
    std::printf("  %s: probability %.3f\n", h.name.c_str(), h.probability);
  }
  if (bench.belief.hypotheses().size() < 2) return absl::FailedPreconditionError("one explanation");
  PARALLAX_ASSIGN_OR_RETURN(DesignPoints points, DesignPointsOf(box, kRandomPool, options.seed));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<DesignCandidate> candidates,
                            ForeseeAll(bench, &points));
  const std::unique_ptr<AimScore> score = AboutGroup(bench);
  PARALLAX_ASSIGN_OR_RETURN(
      const ChosenRuns chosen,
      ChooseRuns(bench, *score, candidates, points.random, {.count = kMostSuggested}));
  PARALLAX_ASSIGN_OR_RETURN(const DesignResult suggestion,
                            SuggestFrom(input, {}, box, setup, GoOn));
  const nlohmann::json told = nlohmann::json::parse(suggestion.json);
  const nlohmann::json& first = told.at("experiments").at(0);
  const auto changes = first.at("changes");
  const bool found = std::any_of(changes.begin(), changes.end(), [&](const nlohmann::json& change) {
    return change.at("knob") == one.knob;
  });
  std::printf(
      "  %s\n  %s\n  %s changed: %s; %.3f nats (nested Monte Carlo %.3f +- %.3f); random %.3f, "
      "best of %zu %.3f\n",
      suggestion.headline.c_str(), first.at("would_change").get<std::string>().c_str(),
      one.knob.c_str(), found ? "yes" : "NO", first.at("information_nats").get<double>(),
      first.at("nested_monte_carlo").at("nats").get<double>(),
      first.at("nested_monte_carlo").at("standard_error").get<double>(), chosen.random_median,
      chosen.random, chosen.random_best);
  const std::vector<DesignCandidate> pool(
      candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(points.random));
  PARALLAX_ASSIGN_OR_RETURN(const RecipeBox spanned, SpannedBox(input, box));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<DesignCandidate> usual,
                            RandomPool(setup.Bench(input, spanned), options.seed));
  const Study study(bench, options.seed);
  std::vector<Arm> arms[3];
  for (std::vector<Arm>& arm : arms) arm.resize(static_cast<size_t>(options.repetitions));
  base::ParallelFor(3 * arms[0].size(), [&](size_t task) {
    const size_t repetition = task / 3;
    const int r = static_cast<int>(repetition);
    const Steps steps = task % 3 == 0   ? Study::InTurn(chosen)
                        : task % 3 == 1 ? study.AtRandom(r, pool)
                                        : study.AtRandom(r, usual);
    arms[task % 3][repetition] = study.Follow(r, steps);
  });
  PrintArms("in the box", arms[0], arms[1], options.seed);
  PrintArms("in what runs span", arms[0], arms[2], options.seed);
  PARALLAX_ASSIGN_OR_RETURN(
      const LeadCheck check,
      CheckLead(bench, *setup.campaign, chosen.runs.front().candidate, options.seed, kTruthStream));
  std::printf(
      "  lead of %s over %s after one run: %.1f nats here, %.1f by a refit of all rows (before: "
      "%.1f)\n",
      check.one.c_str(), check.other.c_str(), check.sequential, check.refitted, check.before);
  return options.goals ? SeekGoals(input, box, setup) : absl::OkStatus();
}

int Main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Options options;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (absl::ConsumePrefix(&argument, "--repetitions=")) {
      if (absl::SimpleAtoi(argument, &options.repetitions)) continue;
    } else if (absl::ConsumePrefix(&argument, "--seed=")) {
      if (absl::SimpleAtoi(argument, &options.seed)) continue;
    } else if (argument == "--goals") {
      options.goals = true;
      continue;
    } else if (absl::ConsumePrefix(&argument, "--data=")) {
      options.data = std::string(argument);
      continue;
    } else if (absl::ConsumePrefix(&argument, "--case=")) {
      options.only = std::string(argument);
      continue;
    }
    std::fprintf(stderr, "next_experiment: argument \"%s\" is not known\n", argv[i]);
    return 2;
  }
  int failed = 0;
  for (const Case& one : CasesOf(options)) {
    const absl::Status status = StudyCase(one, options);
    if (status.ok()) continue;
    std::printf("%s: %s\n", one.name.c_str(), status.ToString().c_str());
    ++failed;
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace parallax::pipeline::testing

int main(int argc, char** argv) { return parallax::pipeline::testing::Main(argc, argv); }
