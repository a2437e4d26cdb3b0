// Spoils real recordings in 200 seeded ways and counts how often the analysis names the sensor, and
// how often it accuses one of a clean recording. Prints a line a case as it is judged, in no fixed
// order, and a table.
//
//   sensor_injection [--kinds=KIND,…] [--recordings=PREFIX,…] [--without-recipes]
//                    [--cleaning-only] [FOLDER…]
//
// KIND is clean, clean+noise, or one that FaultName gives; FOLDER holds campaigns whose calibrate
// runs are used too.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/model.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/pipeline/sensor_gate.h"
#include "core/pipeline/steps.h"
#include "core/twin/twin.h"
#include "tests/core/pipeline/injection.h"
#include "tests/support/campaign_files.h"

namespace parallax::pipeline {
namespace {

constexpr uint64_t kInjectionsPerKind = 40;
constexpr uint64_t kNoisyCopies = 40;

/// A clean recording with what its campaign assumes.
struct Recording {
  std::string name;
  signal::Rig rig;
  std::string twin;
  std::map<std::string, double> assumptions;
  signal::RunRecord record;
};

/// How far a case is taken.
enum class Depth { kCleaning, kAnalysis };

/// Faults that an analysis of this one run, as calibrate run, names.
absl::StatusOr<std::vector<signal::SensorFinding>> FindFaults(const Recording& recording,
                                                              const signal::RunRecord& record,
                                                              const twin::Registry& twins,
                                                              Depth depth) {
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, twins.Find(recording.twin));
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::VectorXd assumed,
      twin::ParametersFromAssumptions(twin->description(), recording.assumptions));
  std::vector<RunObservations> runs(1);
  PARALLAX_ASSIGN_OR_RETURN(runs[0], Observe(recording.rig, *twin, record));
  std::vector<signal::SensorFinding> faults;
  for (const signal::SensorFinding& finding : runs[0].clean.findings) {
    if (finding.fault) faults.push_back(finding);
  }
  if (depth == Depth::kCleaning) return faults;
  const std::vector<std::string> ids = {record.run.id};
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<Step> steps, FindSteps(*twin, runs, assumed, ids));
  const ParameterSpace space(twin->description(), assumed, ids, steps);
  const Model model(*twin, runs, space);
  PARALLAX_ASSIGN_OR_RETURN(const MapFit fit, FitMap(model, 1));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<SensorHypothesis> hypotheses,
                            TestSensors(*twin, model, fit));
  for (const SensorHypothesis& hypothesis : hypotheses) {
    if (hypothesis.finding.fault) faults.push_back(hypothesis.finding);
  }
  return faults;
}

std::vector<Recording> BundledRecordings() {
  std::vector<Recording> recordings;
  const std::string board = PARALLAX_TEST_DATA "/tclab-byu";
  const signal::Rig board_rig = testing::ReadRig(board + "/rig.json");
  for (const char* run : {"energy-balance-1s", "mimo-3s"}) {
    recordings.push_back({run,
                          board_rig,
                          "two_heater",
                          {},
                          testing::ReadRunFolder(board_rig, board + "/runs/" + run)});
  }
  for (const char* run : {"IFrun072", "IFrun073", "IFrun076"}) {
    recordings.push_back(
        {run, testing::InductionFurnaceRig(), "furnace", {}, testing::FurnaceRecording(run)});
  }
  return recordings;
}

/// All calibrate runs of the campaigns in a folder, except those that are bundled.
void AddCampaigns(const std::string& folder, std::vector<Recording>* recordings) {
  std::set<std::string> known;
  for (const Recording& recording : *recordings) known.insert(recording.record.run.id);
  std::vector<std::filesystem::path> campaigns;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "campaign.json") campaigns.push_back(entry.path());
  }
  std::sort(campaigns.begin(), campaigns.end());
  for (const std::filesystem::path& path : campaigns) {
    const nlohmann::json campaign = testing::ReadJsonFile(path.string());
    const std::filesystem::path root = path.parent_path();
    const signal::Rig rig = testing::ReadRig(root / "rig.json");
    for (const std::string run : campaign.at("splits").at("calibrate")) {
      if (known.contains(run)) continue;
      recordings->push_back({run, rig, campaign.at("twin"), campaign.at("assumptions"),
                             testing::ReadRunFolder(rig, root / "runs" / run)});
    }
  }
}

bool NamesRight(const Injection& injection, const std::vector<signal::SensorFinding>& faults) {
  return std::any_of(faults.begin(), faults.end(), [&](const signal::SensorFinding& fault) {
    return std::count(injection.channels.begin(), injection.channels.end(), fault.channel) > 0;
  });
}

/// What was spoilt: "board/T1 ".
std::string Names(const Injection& injection) {
  std::string names;
  for (const std::string& channel : injection.channels) names += channel + " ";
  return names;
}

/// One recording to judge: as it is, with noise added, or spoilt.
struct Case {
  const Recording* recording = nullptr;
  std::string kind;
  std::optional<FaultKind> fault;
  std::optional<uint64_t> noise_seed;
  uint64_t seed = 0;
};

/// What the analysis said of a case.
struct Answer {
  bool ok = false;
  bool any = false;
  bool right = false;
};

/// The recording of a case, spoilt as it asks for.
signal::RunRecord Spoil(const Case& one, Injection* injection) {
  signal::RunRecord record = one.recording->record;
  if (one.noise_seed.has_value()) {
    base::Random random(*one.noise_seed, 77);
    AddSensorNoise(one.recording->rig, 1.0, random, &record);
  }
  if (!one.fault.has_value()) return record;
  base::Random random(one.seed, 100 + static_cast<uint64_t>(*one.fault));
  // There is one way to exchange two channels; other noise makes other recordings.
  if (*one.fault == FaultKind::kSwapped) {
    AddSensorNoise(one.recording->rig, 0.2, random, &record);
  }
  *injection = Inject(*one.fault, one.recording->rig, random, &record);
  return record;
}

/// Judges one case and prints a line of it at once.
Answer Judge(const Case& one, const twin::Registry& twins, Depth depth) {
  Injection injection;
  const signal::RunRecord record = Spoil(one, &injection);
  const absl::StatusOr<std::vector<signal::SensorFinding>> faults =
      FindFaults(*one.recording, record, twins, depth);
  const std::string head = absl::StrFormat("%-18.18s %-12s", one.recording->name, one.kind);
  if (!faults.ok()) {
    std::printf("%s error: %s\n", head.c_str(), faults.status().ToString().c_str());
    return {};
  }
  const Answer answer{true, !faults->empty(), NamesRight(injection, *faults)};
  std::string text = absl::StrFormat("%s %-6s %s%s\n", head,
                                     answer.right ? "right"
                                     : answer.any ? "other"
                                                  : "-",
                                     Names(injection), injection.text);
  for (const signal::SensorFinding& fault : *faults) text += "    " + fault.text + "\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return answer;
}

std::vector<Case> CleanCases(const std::vector<Recording>& recordings) {
  std::vector<Case> cases;
  for (const Recording& recording : recordings) {
    cases.push_back({.recording = &recording, .kind = "clean"});
  }
  for (uint64_t i = 0; i < kNoisyCopies; ++i) {
    cases.push_back(
        {.recording = &recordings[i % recordings.size()], .kind = "clean+noise", .noise_seed = i});
  }
  return cases;
}

std::vector<Case> SpoiltCases(const std::vector<Recording>& recordings) {
  std::vector<Case> cases;
  for (const FaultKind kind : kFaultKinds) {
    std::vector<const Recording*> usable;
    for (const Recording& recording : recordings) {
      if (kind != FaultKind::kSwapped || recording.twin == "two_heater") {
        usable.push_back(&recording);
      }
    }
    for (uint64_t i = 0; i < kInjectionsPerKind; ++i) {
      cases.push_back({.recording = usable[i % usable.size()],
                       .kind = FaultName(kind),
                       .fault = kind,
                       .seed = i});
    }
  }
  return cases;
}

/// Prints how often which kind was named; returns how many cases could not be judged.
int PrintTable(const std::vector<Case>& cases, const std::vector<Answer>& answers) {
  struct Score {
    int n = 0;
    int any = 0;    // some fault was named
    int right = 0;  // ... on the right channel or clock
  };
  std::map<std::string, Score> scores;
  int errors = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    errors += answers[i].ok ? 0 : 1;
    for (const std::string& row :
         {cases[i].kind, cases[i].kind + " / " + cases[i].recording->name}) {
      Score& score = scores[row];
      ++score.n;
      score.any += answers[i].any ? 1 : 0;
      score.right += answers[i].right ? 1 : 0;
    }
  }
  std::printf("\n%-60s %5s %9s %12s\n", "recordings", "n", "accused", "named right");
  for (const auto& [kind, score] : scores) {
    std::printf("%-60s %5d %9d %12d\n", kind.c_str(), score.n, score.any, score.right);
  }
  return errors;
}

/// What the command line asks for.
struct Arguments {
  std::string kinds;       ///< comma-separated; empty for all
  std::string recordings;  ///< prefixes, comma-separated; empty for all
  bool without_recipes = false;
  Depth depth = Depth::kAnalysis;
  std::vector<std::string> folders;
};

std::optional<std::string> ValueOf(const std::string& argument, const std::string& option) {
  if (argument.rfind(option + "=", 0) != 0) return std::nullopt;
  return argument.substr(option.size() + 1);
}

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (const auto kinds = ValueOf(argument, "--kinds")) {
      arguments.kinds = *kinds;
    } else if (const auto recordings = ValueOf(argument, "--recordings")) {
      arguments.recordings = *recordings;
    } else if (argument == "--without-recipes") {
      arguments.without_recipes = true;
    } else if (argument == "--cleaning-only") {
      arguments.depth = Depth::kCleaning;
    } else {
      arguments.folders.push_back(argument);
    }
  }
  return arguments;
}

bool Wanted(const Case& one, const Arguments& arguments) {
  const std::vector<std::string> kinds = absl::StrSplit(arguments.kinds, ',', absl::SkipEmpty());
  const std::vector<std::string> prefixes =
      absl::StrSplit(arguments.recordings, ',', absl::SkipEmpty());
  const bool kind = kinds.empty() || std::count(kinds.begin(), kinds.end(), one.kind) > 0;
  const bool recording =
      prefixes.empty() ||
      std::any_of(prefixes.begin(), prefixes.end(), [&one](const std::string& prefix) {
        return one.recording->name.rfind(prefix, 0) == 0;
      });
  return kind && recording;
}

int Main(int argc, char** argv) {
  const Arguments arguments = ParseArguments(argc, argv);
  const twin::Registry twins = twin::BuiltInTwins();
  std::vector<Recording> recordings = BundledRecordings();
  for (const std::string& folder : arguments.folders) AddCampaigns(folder, &recordings);
  for (Recording& recording : recordings) {
    if (arguments.without_recipes) recording.record.run.recipe = {};
  }
  std::vector<Case> cases;
  for (const std::vector<Case>& some : {CleanCases(recordings), SpoiltCases(recordings)}) {
    std::copy_if(some.begin(), some.end(), std::back_inserter(cases),
                 [&arguments](const Case& one) { return Wanted(one, arguments); });
  }
  std::vector<Answer> answers(cases.size());
  base::ParallelFor(cases.size(),
                    [&](size_t i) { answers[i] = Judge(cases[i], twins, arguments.depth); });
  return PrintTable(cases, answers) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace parallax::pipeline

int main(int argc, char** argv) { return parallax::pipeline::Main(argc, argv); }
