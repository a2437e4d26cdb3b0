// Judges campaigns with a planted cause and scores what the analysis says of them. Prints a line a
// case as it is judged, in no fixed order, and a table.
//
//   planted_faults [--seed=N] [--half=tuning|held-back] [--cases=N] [--ids=N,N…] [--runs=N]
//                  [--threads=N] [--list | --keep=FILE | --from=FILE]
//
// --seed draws another suite. --runs calibrates on so many runs of 200 s and holds out one. --list
// names the cases and judges none. --keep writes the evidence of every case as it is weighed, a
// line each, and --from judges what such a file holds by the rules of today: a second instead of a
// quarter of an hour. What cannot be seen in the readings counts in a row of its own, and so does a
// shift of which a bound leaves less than 3 prior sds.

#include <tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/campaign_weighing.h"
#include "core/twin/trust.h"
#include "tests/core/pipeline/evidence_json.h"
#include "tests/core/pipeline/planted_score.h"

namespace parallax::pipeline::testing {
namespace {

constexpr size_t kTold = 5;  ///< hypotheses of a case that is not right

/// Norm of what the weakest planted shift does to the rows, whitened at the assumed values.
absl::StatusOr<double> WeakestEffect(const PlantedCase& one, const Campaign& campaign) {
  std::vector<CampaignRun> runs;
  for (const signal::RunRecord& record : campaign.calibrate) {
    PARALLAX_ASSIGN_OR_RETURN(CampaignRun run,
                              GatherRows(campaign.rig, Nanotubes(), record, campaign.assumed));
    // Errors by their size under the assumed values: a gap may not forgive itself.
    for (EvidenceBlock& block : run.blocks) block.level = block.assumed;
    runs.push_back(std::move(run));
  }
  const CampaignModel model(Nanotubes(), runs, campaign.assumed);
  Eigen::VectorXd assumed;
  Eigen::MatrixXd jacobian;
  PARALLAX_RETURN_IF_ERROR(model.DifferentiateAll(model.base(), &assumed, &jacobian));
  PARALLAX_ASSIGN_OR_RETURN(const CampaignNoise noise,
                            CampaignNoise::Create(model, twin::TrustIn("swcnt_cvd"), jacobian));
  double weakest = std::numeric_limits<double>::infinity();
  const twin::Description& description = Nanotubes().description();
  for (const PlantedShift& shift : one.plant.shifts) {
    const int p = twin::ParameterIndex(description, shift.name);
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    Eigen::VectorXd z = model.base(), moved;
    z(p) = (twin::ToCoordinate(parameter, campaign.truth(p)) -
            twin::ToCoordinate(parameter, parameter.nominal)) /
           parameter.prior_sd;
    PARALLAX_RETURN_IF_ERROR(model.Residuals(z, &moved));
    weakest = std::min(weakest, noise.Whiten(moved - assumed).norm());
  }
  return weakest;
}

/// Noise sds by which a late clock or a lag changes a reading of its device at most, in the same
/// campaign without noise: where nothing flows an analyser tells no time.
absl::StatusOr<double> DelayEffect(PlantedCampaign what) {
  const std::string device = DeviceOf(what.fault->channel) + "/";
  what.vices = Vices::kNone;
  PARALLAX_ASSIGN_OR_RETURN(const Campaign late, Plant(what));
  what.fault.reset();
  PARALLAX_ASSIGN_OR_RETURN(const Campaign sound, Plant(what));
  double most = 0.0;
  for (size_t r = 0; r < sound.calibrate.size(); ++r) {
    for (size_t s = 0; s < sound.calibrate[r].series.size(); ++s) {
      const signal::Series& a = sound.calibrate[r].series[s];
      const signal::Series& b = late.calibrate[r].series[s];
      if (!a.channel.starts_with(device)) continue;
      PARALLAX_ASSIGN_OR_RETURN(const signal::ChannelRef ref,
                                signal::FindChannel(sound.rig, a.channel));
      const double noise = std::max(ref.channel->noise_sd, ref.channel->resolution);
      if (noise <= 0.0) continue;
      for (size_t i = 0, j = 0; i < b.value.size(); ++i) {
        while (j + 1 < a.value.size() && a.time_unix_ns[j + 1] <= b.time_unix_ns[i]) ++j;
        if (a.time_unix_ns[j] > b.time_unix_ns[i]) continue;  // before the first sound reading
        most = std::max(most, std::abs(b.value[i] - a.value[j]) / noise);
      }
    }
  }
  return most;
}

/// The first few hypotheses with inclusion, nats lost without and nats alone.
std::string TellHypotheses(const std::vector<HypothesisSummary>& hypotheses) {
  std::vector<std::string> told;
  for (const HypothesisSummary& one : hypotheses) {
    if (told.size() == kTold) break;
    told.push_back(
        absl::StrFormat("%s %.3g/%.3g/%.3g", one.name, one.pip, one.loss_without, one.gain_alone));
  }
  return absl::StrJoin(told, ", ");
}

/// A case weighed: what its verdict is made from.
struct Weighed {
  absl::Status status;
  attribution::Evidence evidence;
  std::vector<HypothesisSummary> hypotheses;
  double effect_sd = kNotMeasured;
  double seconds = 0.0;
};

absl::Status Weigh(const PlantedCase& one, Weighed* out) {
  PARALLAX_ASSIGN_OR_RETURN(const Campaign campaign, Plant(one.plant));
  if (!one.plant.shifts.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(out->effect_sd, WeakestEffect(one, campaign));
  } else if (one.plant.fault && (one.plant.fault->shape == FaultShape::kClock ||
                                 one.plant.fault->shape == FaultShape::kLag)) {
    PARALLAX_ASSIGN_OR_RETURN(out->effect_sd, DelayEffect(one.plant));
  }
  const auto begin = std::chrono::steady_clock::now();
  const AnalysisInput input = campaign.Input(one.plant.seed);
  PARALLAX_ASSIGN_OR_RETURN(
      const std::unique_ptr<WeighedCampaign> weighed,
      WeighCampaign(input, campaign.assumed, [](std::string_view, double) { return true; }));
  out->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  out->evidence = weighed->explanation.evidence;
  out->hypotheses = weighed->explanation.hypotheses;
  return absl::OkStatus();
}

nlohmann::json Encode(int id, const Weighed& weighed) {
  return {{"id", id},
          {"effect_sd",
           std::isnan(weighed.effect_sd) ? nlohmann::json() : nlohmann::json(weighed.effect_sd)},
          {"seconds", weighed.seconds},
          {"evidence", EncodeEvidence(weighed.evidence)},
          {"hypotheses", EncodeHypotheses(weighed.hypotheses)}};
}

/// Cases of a file by id.
std::map<int, Weighed> ReadWeighed(const std::string& path) {
  std::map<int, Weighed> cases;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const nlohmann::json json = nlohmann::json::parse(line);
    const nlohmann::json& effect = json.at("effect_sd");
    cases[json.at("id").get<int>()] = {
        .evidence = DecodeEvidence(json.at("evidence")),
        .hypotheses = DecodeHypotheses(json.at("hypotheses")),
        .effect_sd = effect.is_null() ? kNotMeasured : effect.get<double>(),
        .seconds = json.at("seconds")};
  }
  return cases;
}

/// "  3 sensor  chirality rga/p_h2o sticks".
std::string HeadOf(const PlantedCase& one) {
  return absl::StrFormat("%3d %-7s %-9s %-44s", one.id, NameOf(one.family), NameOf(one.plant.bench),
                         Describe(one.plant));
}

/// Judges one case and prints a line of it at once.
Answer Judge(const PlantedCase& one, const Weighed& weighed) {
  Answer answer{.status = weighed.status,
                .hypotheses = weighed.hypotheses,
                .effect_sd = weighed.effect_sd,
                .seconds = weighed.seconds};
  const std::string head = HeadOf(one);
  if (!answer.status.ok()) {
    std::printf("%s error: %s\n", head.c_str(), answer.status.ToString().c_str());
    return answer;
  }
  answer.verdict = attribution::DecideVerdict(weighed.evidence).verdict;
  Score(one, &answer);
  std::vector<std::string> said = answer.verdict.parameters;
  said.insert(said.end(), answer.verdict.group.begin(), answer.verdict.group.end());
  if (answer.verdict.kind == attribution::VerdictKind::kSensorFault) said = answer.verdict.channels;
  std::string text =
      absl::StrFormat("%s %.1f  %s [%s] %.3f%s  top %s  effect %.1f sd  %.1f s\n", head,
                      answer.points, ToString(answer.verdict.kind), absl::StrJoin(said, " "),
                      answer.verdict.confidence, answer.claim_right ? "" : " not so",
                      MostProbable(answer.hypotheses), answer.effect_sd, answer.seconds);
  if (answer.points < 1.0) {
    text +=
        "      " + answer.verdict.because + "\n      " + TellHypotheses(answer.hypotheses) + "\n";
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return answer;
}

struct Arguments {
  uint64_t seed = kSuiteSeed;
  int cases = 1'000'000;
  int runs = 0;     ///< 0: as the suite has them
  int threads = 0;  ///< 0: all there are
  std::optional<Half> half;
  std::set<int> ids;  ///< empty: all
  bool list = false;
  std::string keep, from;
};

/// Errors: InvalidArgument naming the option.
absl::StatusOr<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    bool known = !value.empty();
    if (argument == "--list") {
      known = arguments.list = true;
    } else if (name == "--cases") {
      known = absl::SimpleAtoi(value, &arguments.cases) && arguments.cases > 0;
    } else if (name == "--runs") {
      known = absl::SimpleAtoi(value, &arguments.runs) && arguments.runs > 0;
    } else if (name == "--seed") {
      known = absl::SimpleAtoi(value, &arguments.seed);
    } else if (name == "--threads") {
      known = absl::SimpleAtoi(value, &arguments.threads) && arguments.threads > 0;
    } else if (name == "--half" && (value == "tuning" || value == "held-back")) {
      arguments.half = value == "tuning" ? Half::kTuning : Half::kHeldBack;
    } else if (name == "--ids") {
      for (const absl::string_view id : absl::StrSplit(value, ',')) {
        int number = 0;
        known &= absl::SimpleAtoi(id, &number);
        arguments.ids.insert(number);
      }
    } else if (name == "--keep") {
      arguments.keep = value;
    } else if (name == "--from") {
      arguments.from = value;
    } else {
      known = false;
    }
    if (!known) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "\"%s\", must be --seed=N, --half=tuning|held-back, --cases=N, --ids=N,N…, --runs=N, "
          "--threads=N, --list, --keep=FILE or --from=FILE",
          argument));
    }
  }
  return arguments;
}

std::vector<PlantedCase> Wanted(const Arguments& arguments) {
  std::vector<PlantedCase> cases = AllCases(arguments.seed);
  std::erase_if(cases, [&](const PlantedCase& one) {
    return (arguments.half && one.half != *arguments.half) ||
           (!arguments.ids.empty() && !arguments.ids.contains(one.id));
  });
  cases.resize(std::min(cases.size(), static_cast<size_t>(arguments.cases)));
  for (PlantedCase& one : cases) {
    if (arguments.runs == 0) break;
    one.plant.calibrate_runs = arguments.runs;
    one.plant.validate_runs = 1;
    one.plant.grow_s = 200.0;
  }
  return cases;
}

/// Weighs all cases, or reads them, and judges each. Errors: NotFound where a file lacks a case.
absl::StatusOr<std::vector<Answer>> JudgeAll(const std::vector<PlantedCase>& cases,
                                             const Arguments& arguments) {
  std::vector<Answer> answers(cases.size());
  if (!arguments.from.empty()) {
    const std::map<int, Weighed> known = ReadWeighed(arguments.from);
    for (size_t i = 0; i < cases.size(); ++i) {
      const auto found = known.find(cases[i].id);
      if (found == known.end()) {
        return absl::NotFoundError(
            absl::StrFormat("%s: has no case %d", arguments.from, cases[i].id));
      }
      answers[i] = Judge(cases[i], found->second);
    }
    return answers;
  }
  std::ofstream kept;
  if (!arguments.keep.empty()) kept.open(arguments.keep);
  std::mutex mutex;
  base::ParallelFor(cases.size(), [&](size_t i) {
    Weighed weighed;
    weighed.status = Weigh(cases[i], &weighed);
    answers[i] = Judge(cases[i], weighed);
    const std::lock_guard<std::mutex> lock(mutex);
    if (weighed.status.ok()) kept << Encode(cases[i].id, weighed).dump() << std::endl;
  });
  return answers;
}

/// A line a case, then how many of each family and half.
void PrintCases(const std::vector<PlantedCase>& cases) {
  std::map<std::string, std::pair<int, int>> count;
  for (const PlantedCase& one : cases) {
    const bool tuning = one.half == Half::kTuning;
    std::printf("%s  %s\n", HeadOf(one).c_str(), tuning ? "tuning" : "held back");
    auto& [first, second] = count[FamilyOf(one)];
    ++(tuning ? first : second);
  }
  std::printf("\n%-20s %6s %9s\n", "family", "tuning", "held back");
  for (const auto& [family, halves] : count) {
    std::printf("%-20s %6d %9d\n", family.c_str(), halves.first, halves.second);
  }
}

int Main(int argc, char** argv) {
  const absl::StatusOr<Arguments> arguments = ParseArguments(argc, argv);
  if (!arguments.ok()) {
    std::fprintf(stderr, "%s\n", arguments.status().ToString().c_str());
    return 2;
  }
  std::optional<tbb::global_control> limit;
  if (arguments->threads > 0) {
    limit.emplace(tbb::global_control::max_allowed_parallelism,
                  static_cast<size_t>(arguments->threads));
  }
  const std::vector<PlantedCase> cases = Wanted(*arguments);
  if (arguments->list) {
    PrintCases(cases);
    return 0;
  }
  const absl::StatusOr<std::vector<Answer>> answers = JudgeAll(cases, *arguments);
  if (!answers.ok()) {
    std::fprintf(stderr, "%s\n", answers.status().ToString().c_str());
    return 2;
  }
  return PrintScore(cases, *answers) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace parallax::pipeline::testing

int main(int argc, char** argv) { return parallax::pipeline::testing::Main(argc, argv); }
