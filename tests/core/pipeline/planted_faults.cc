// Judges campaigns with a planted cause and scores what the analysis says of them. Prints a line a
// case as it is judged, in no fixed order, and a table.
//
//   planted_faults [--cases=N] [--half=tuning|held-back] [--ids=N,N…] [--threads=N]
//
// A single shift whose whitened effect on the readings is below 3 sds counts in a row of its own.

#include <tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_noise.h"
#include "core/twin/trust.h"
#include "tests/core/pipeline/planted_cases.h"

namespace parallax::pipeline::testing {
namespace {

constexpr double kSeenSd = 3.0;
constexpr int kBins = 5;
constexpr size_t kTold = 5;         ///< hypotheses of a case that is not right
constexpr size_t kLargestHalf = 3;  ///< group of an AMBIGUOUS that is worth half

using Names = std::set<std::string>;

/// What the analysis said of a case and what that is worth.
struct Answer {
  absl::Status status;
  std::string kind;
  Names parameters, group, channels;
  double confidence = 0.0;
  std::string because, top, rivals;
  double effect_sd = 0.0;  ///< of the weakest planted shift
  double left = 0.0;       ///< gap after the fit over what a right twin leaves
  double seconds = 0.0;
  double points = 0.0;
  bool claim_right = false;  ///< what the verdict says is true, whatever else is
  bool wrongly_identified = false;
};

/// k0 and nk are one mechanism.
std::string Pooled(const std::string& name) { return name == "nk" ? "k0" : name; }

Names PooledNames(const nlohmann::json& list) {
  Names names;
  for (const nlohmann::json& name : list) names.insert(Pooled(name.get<std::string>()));
  return names;
}

Names TruthOf(const PlantedCase& one) {
  Names names;
  for (const PlantedShift& shift : one.plant.shifts) names.insert(Pooled(shift.name));
  return names;
}

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

/// The most probable hypothesis of a report, members of one mechanism together.
std::string MostProbable(const nlohmann::json& hypotheses) {
  std::map<std::string, double> probability;
  for (const nlohmann::json& one : hypotheses) {
    probability[Pooled(one.at("name").get<std::string>())] += one.at("pip").get<double>();
  }
  const auto best =
      std::max_element(probability.begin(), probability.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return best == probability.end() ? "-" : best->first;
}

/// The first few hypotheses with inclusion, nats lost without and nats alone.
std::string TellHypotheses(const nlohmann::json& hypotheses) {
  std::vector<std::string> told;
  for (const nlohmann::json& one : hypotheses) {
    if (told.size() == kTold) break;
    told.push_back(absl::StrFormat("%s %s/%s/%s", one.at("name").get<std::string>(),
                                   one.at("pip").dump(), one.at("loss_without_nats").dump(),
                                   one.at("gain_alone_nats").dump()));
  }
  return absl::StrJoin(told, ", ");
}

bool Holds(const Names& outer, const Names& inner) {
  return std::includes(outer.begin(), outer.end(), inner.begin(), inner.end());
}

bool NamesFault(const PlantedFault& fault, const Names& channels) {
  const std::string device = fault.channel.substr(0, fault.channel.find('/'));
  return std::any_of(channels.begin(), channels.end(), [&](const std::string& channel) {
    return channel == fault.channel ||
           (fault.shape == FaultShape::kClock && channel.starts_with(device + "/"));
  });
}

void Score(const PlantedCase& one, Answer* answer) {
  const Names truth = TruthOf(one);
  const bool identified = answer->kind == "IDENTIFIED", ambiguous = answer->kind == "AMBIGUOUS";
  const Names& got = answer->parameters;
  const bool sound = identified && !got.empty() && Holds(truth, got);
  answer->wrongly_identified = identified && !sound;
  Names common;
  std::set_intersection(truth.begin(), truth.end(), answer->group.begin(), answer->group.end(),
                        std::inserter(common, common.begin()));
  const bool named = one.plant.fault && answer->kind == "SENSOR_FAULT" &&
                     NamesFault(*one.plant.fault, answer->channels);
  const bool lacking = answer->kind == "UNMODELLED" && one.family == Family::kMissing;
  answer->claim_right = sound || (ambiguous && !common.empty()) || named || lacking;
  switch (one.family) {
    case Family::kSingle:
      answer->points = sound                                                                  ? 1.0
                       : ambiguous && !common.empty() && answer->group.size() <= kLargestHalf ? 0.5
                                                                                              : 0.0;
      return;
    case Family::kPair:
      answer->points = sound && got == truth ? 1.0 : sound ? 0.5 : 0.0;
      return;
    case Family::kSensor:
      answer->points = named ? 1.0 : 0.0;
      return;
    case Family::kMissing:
      answer->points = lacking ? 1.0 : 0.0;
      return;
    case Family::kNull:
      answer->points = answer->kind == "NO_GAP" ? 1.0 : 0.0;
  }
}

absl::Status Ask(const PlantedCase& one, Answer* answer) {
  PARALLAX_ASSIGN_OR_RETURN(const Campaign campaign, Plant(one.plant));
  if (!one.plant.shifts.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(answer->effect_sd, WeakestEffect(one, campaign));
  }
  const auto begin = std::chrono::steady_clock::now();
  PARALLAX_ASSIGN_OR_RETURN(
      const AnalysisResult result,
      Analyze(campaign.Input(one.plant.seed), [](std::string_view, double) { return true; }));
  answer->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const nlohmann::json report = nlohmann::json::parse(result.report_json);
  const nlohmann::json& verdict = report.at("verdict");
  answer->kind = verdict.at("kind");
  answer->parameters = PooledNames(verdict.at("parameters"));
  answer->group = PooledNames(verdict.at("group"));
  answer->channels = verdict.at("channels").get<Names>();
  answer->confidence = verdict.at("confidence");
  answer->because = verdict.at("because");
  const nlohmann::json& gap = report.at("gap");
  answer->left = gap.at("after").get<double>() / gap.at("floor").get<double>();
  answer->top = MostProbable(report.at("hypotheses"));
  answer->rivals = TellHypotheses(report.at("hypotheses"));
  return absl::OkStatus();
}

/// Judges one case and prints a line of it at once.
Answer Judge(const PlantedCase& one) {
  Answer answer;
  answer.status = Ask(one, &answer);
  const std::string head = absl::StrFormat("%3d %-7s %-9s %-44s", one.id, NameOf(one.family),
                                           NameOf(one.plant.bench), Describe(one.plant));
  if (!answer.status.ok()) {
    std::printf("%s error: %s\n", head.c_str(), answer.status.ToString().c_str());
    return answer;
  }
  Score(one, &answer);
  Names said = answer.parameters;
  said.insert(answer.group.begin(), answer.group.end());
  if (answer.kind == "SENSOR_FAULT") said = answer.channels;
  std::string text =
      absl::StrFormat("%s %.1f  %s [%s] %.3f  top %s  effect %.1f sd  left %.2f  %.1f s\n", head,
                      answer.points, answer.kind, absl::StrJoin(said, " "), answer.confidence,
                      answer.top, answer.effect_sd, answer.left, answer.seconds);
  if (answer.points < 1.0) text += "      " + answer.because + "\n      " + answer.rivals + "\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return answer;
}

bool Seen(const PlantedCase& one, const Answer& answer) {
  return one.plant.shifts.empty() || answer.effect_sd >= kSeenSd;
}

/// Figures of some cases.
struct Tally {
  int n = 0, halves = 0, wrong = 0, errors = 0;
  double points = 0.0;
  std::map<std::string, int> kinds;
};

void PrintTallies(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  std::map<std::string, Tally> rows;
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string row = NameOf(cases[i].family);
    if (answers[i].status.ok() && !Seen(cases[i], answers[i])) row += ", cannot be seen";
    Tally& tally = rows[row];
    ++tally.n;
    tally.errors += answers[i].status.ok() ? 0 : 1;
    tally.points += answers[i].points;
    tally.halves += answers[i].points == 0.5 ? 1 : 0;
    tally.wrong += answers[i].wrongly_identified ? 1 : 0;
    ++tally.kinds[answers[i].kind];
  }
  const char* kinds[] = {"IDENTIFIED", "AMBIGUOUS", "SENSOR_FAULT",
                         "UNMODELLED", "NO_GAP",    "ABSTAINED"};
  std::printf("\n%-24s %4s %7s %5s %6s %6s", "family", "n", "points", "half", "wrong", "errors");
  for (const char* kind : kinds) std::printf(" %12s", kind);
  std::printf("\n");
  for (const auto& [name, tally] : rows) {
    std::printf("%-24s %4d %7.1f %5d %6d %6d", name.c_str(), tally.n, tally.points, tally.halves,
                tally.wrong, tally.errors);
    for (const char* kind : kinds) {
      const auto found = tally.kinds.find(kind);
      std::printf(" %12d", found == tally.kinds.end() ? 0 : found->second);
    }
    std::printf("\n");
  }
}

double Share(int part, int whole) { return whole == 0 ? std::nan("") : 1.0 * part / whole; }

/// Mean distance between confidence and share of right claims over bins of confidence. NO_GAP gives
/// a p-value and ABSTAINED claims nothing: both are left out.
double CalibrationError(const std::vector<Answer>& answers) {
  int n[kBins] = {}, right[kBins] = {}, claims = 0;
  double confidence[kBins] = {};
  for (const Answer& answer : answers) {
    if (!answer.status.ok() || answer.kind == "NO_GAP" || answer.kind == "ABSTAINED") continue;
    const int bin = std::min(kBins - 1, static_cast<int>(answer.confidence * kBins));
    ++n[bin];
    ++claims;
    right[bin] += answer.claim_right ? 1 : 0;
    confidence[bin] += answer.confidence;
  }
  double error = 0.0;
  for (int b = 0; b < kBins; ++b) error += std::abs(confidence[b] - right[b]);
  return claims == 0 ? std::nan("") : error / claims;
}

int PrintFigures(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  int singles = 0, top = 0, identified = 0, wrong = 0, nulls = 0, accused = 0, errors = 0;
  double seconds = 0.0, slowest = 0.0;
  for (size_t i = 0; i < cases.size(); ++i) {
    const Answer& answer = answers[i];
    if (!answer.status.ok()) {
      ++errors;
      continue;
    }
    if (cases[i].family == Family::kSingle && Seen(cases[i], answer)) {
      ++singles;
      top += TruthOf(cases[i]).contains(answer.top) ? 1 : 0;
    }
    identified += answer.kind == "IDENTIFIED" ? 1 : 0;
    wrong += answer.wrongly_identified ? 1 : 0;
    if (cases[i].family == Family::kNull) {
      ++nulls;
      accused +=
          answer.kind == "IDENTIFIED" || answer.kind == "SENSOR_FAULT" || answer.kind == "AMBIGUOUS"
              ? 1
              : 0;
    }
    seconds += answer.seconds;
    slowest = std::max(slowest, answer.seconds);
  }
  const int judged = static_cast<int>(cases.size()) - errors;
  std::printf("\ntop-1 of single shifts        %.3f (%d of %d)\n", Share(top, singles), top,
              singles);
  std::printf("precision of IDENTIFIED       %.3f (%d wrong of %d)\n",
              1.0 - Share(wrong, identified), wrong, identified);
  std::printf("nulls accused                 %.3f (%d of %d)\n", Share(accused, nulls), accused,
              nulls);
  std::printf("confidence calibration error  %.3f over %d bins\n", CalibrationError(answers),
              kBins);
  std::printf("seconds a case                %.1f, at most %.1f\n", seconds / std::max(1, judged),
              slowest);
  return errors;
}

struct Arguments {
  int cases = 1'000'000;
  int threads = 0;  ///< 0: all there are
  std::optional<Half> half;
  std::set<int> ids;  ///< empty: all
};

/// Errors: InvalidArgument naming the option.
absl::StatusOr<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    bool known = true;
    if (name == "--cases") {
      known = absl::SimpleAtoi(value, &arguments.cases) && arguments.cases > 0;
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
    } else {
      known = false;
    }
    if (!known) {
      return absl::InvalidArgumentError(
          absl::StrFormat("\"%s\", must be --cases=N, --half=tuning|held-back, --ids=N,N… or "
                          "--threads=N",
                          argument));
    }
  }
  return arguments;
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
  std::vector<PlantedCase> cases = AllCases();
  if (arguments->half) {
    std::erase_if(cases, [&](const PlantedCase& one) { return one.half != *arguments->half; });
  }
  if (!arguments->ids.empty()) {
    std::erase_if(cases, [&](const PlantedCase& one) { return !arguments->ids.contains(one.id); });
  }
  cases.resize(std::min(cases.size(), static_cast<size_t>(arguments->cases)));
  std::vector<Answer> answers(cases.size());
  base::ParallelFor(cases.size(), [&](size_t i) { answers[i] = Judge(cases[i]); });
  PrintTallies(cases, answers);
  return PrintFigures(cases, answers) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace parallax::pipeline::testing

int main(int argc, char** argv) { return parallax::pipeline::testing::Main(argc, argv); }
