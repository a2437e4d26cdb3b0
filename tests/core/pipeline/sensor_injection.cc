// Spoils real recordings in 200 seeded ways and counts how often the analysis names the sensor, and
// how often it accuses one of a clean recording. Prints a table.
//
//   sensor_injection [--verbose] [FOLDER…]     FOLDER: campaigns whose calibrate runs are used too

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

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

constexpr int kInjectionsPerKind = 40;
constexpr int kBootstraps = 40;

/// A clean recording with what its campaign assumes.
struct Recording {
  std::string name;
  signal::Rig rig;
  std::string twin;
  std::map<std::string, double> assumptions;
  signal::RunRecord record;
};

/// Faults that an analysis of this one run, as calibrate run, names.
absl::StatusOr<std::vector<signal::SensorFinding>> FindFaults(const Recording& recording,
                                                              const signal::RunRecord& record,
                                                              const twin::Registry& twins) {
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, twins.Find(recording.twin));
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::VectorXd assumed,
      twin::ParametersFromAssumptions(twin->description(), recording.assumptions));
  std::vector<RunObservations> runs(1);
  PARALLAX_ASSIGN_OR_RETURN(runs[0], Observe(recording.rig, *twin, record));
  const std::vector<std::string> ids = {record.run.id};
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<Step> steps, FindSteps(*twin, runs, assumed, ids));
  const ParameterSpace space(twin->description(), assumed, ids, steps);
  const Model model(*twin, runs, space);
  PARALLAX_ASSIGN_OR_RETURN(const MapFit fit, FitMap(model, 1));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<SensorHypothesis> hypotheses,
                            TestSensors(*twin, model, fit));
  std::vector<signal::SensorFinding> faults;
  for (const signal::SensorFinding& finding : runs[0].clean.findings) {
    if (finding.fault) faults.push_back(finding);
  }
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
    const std::string root = path.parent_path().string();
    const signal::Rig rig = testing::ReadRig(root + "/rig.json");
    for (const std::string run : campaign.at("splits").at("calibrate")) {
      if (known.count(run) > 0) continue;
      recordings->push_back({run, rig, campaign.at("twin"), campaign.at("assumptions"),
                             testing::ReadRunFolder(rig, root + "/runs/" + run)});
    }
  }
}

/// One row of the table.
struct Score {
  int n = 0;
  int any = 0;    ///< some fault was named
  int right = 0;  ///< … on the right channel or clock
};

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

class Table {
 public:
  Table(const twin::Registry& twins, bool verbose) : twins_(twins), verbose_(verbose) {}

  void Add(const Recording& recording, const signal::RunRecord& record, const std::string& kind,
           const Injection& injection) {
    const absl::StatusOr<std::vector<signal::SensorFinding>> faults =
        FindFaults(recording, record, twins_);
    if (!faults.ok()) {
      std::printf("%s %s: %s\n", recording.name.c_str(), kind.c_str(),
                  faults.status().ToString().c_str());
      ++errors_;
      return;
    }
    const bool right = NamesRight(injection, *faults);
    Count(kind, !faults->empty(), right);
    Count(kind + " / " + recording.name, !faults->empty(), right);
    if (!verbose_) return;
    std::printf("%-18s %-12s %-10s %s\n", recording.name.c_str(), kind.c_str(),
                right             ? "right"
                : faults->empty() ? "-"
                                  : "other",
                (Names(injection) + injection.text).c_str());
    for (const signal::SensorFinding& fault : *faults) {
      std::printf("    %s\n", fault.text.c_str());
    }
    std::fflush(stdout);
  }

  int Print() const {
    std::printf("\n%-34s %5s %9s %12s\n", "recordings", "n", "accused", "named right");
    for (const auto& [kind, score] : scores_) {
      std::printf("%-34s %5d %9d %12d\n", kind.c_str(), score.n, score.any, score.right);
    }
    return errors_;
  }

 private:
  void Count(const std::string& row, bool any, bool right) {
    Score& score = scores_[row];
    ++score.n;
    score.any += any ? 1 : 0;
    score.right += right ? 1 : 0;
  }

  const twin::Registry& twins_;
  bool verbose_;
  std::map<std::string, Score> scores_;
  int errors_ = 0;
};

void AddClean(const std::vector<Recording>& recordings, Table* table) {
  for (const Recording& recording : recordings) {
    table->Add(recording, recording.record, "clean", {});
  }
  for (int i = 0; i < kBootstraps; ++i) {
    const Recording& recording = recordings[static_cast<size_t>(i) % recordings.size()];
    base::Random random(static_cast<uint64_t>(i), 77);
    signal::RunRecord noisy = recording.record;
    AddSensorNoise(recording.rig, 1.0, random, &noisy);
    table->Add(recording, noisy, "clean+noise", {});
  }
}

void AddInjections(const std::vector<Recording>& recordings, Table* table) {
  for (const FaultKind kind : kFaultKinds) {
    std::vector<const Recording*> usable;
    for (const Recording& recording : recordings) {
      if (kind != FaultKind::kSwapped || recording.twin == "two_heater") {
        usable.push_back(&recording);
      }
    }
    for (int i = 0; i < kInjectionsPerKind; ++i) {
      const Recording& recording = *usable[static_cast<size_t>(i) % usable.size()];
      base::Random random(static_cast<uint64_t>(i), 100 + static_cast<uint64_t>(kind));
      signal::RunRecord spoilt = recording.record;
      if (kind == FaultKind::kSwapped) {
        // There is one way to exchange two channels; other noise makes other recordings.
        AddSensorNoise(recording.rig, 0.2, random, &spoilt);
      }
      const Injection injection = Inject(kind, recording.rig, random, &spoilt);
      table->Add(recording, spoilt, FaultName(kind), injection);
    }
  }
}

int Main(int argc, char** argv) {
  const twin::Registry twins = twin::BuiltInTwins();
  std::vector<Recording> recordings = BundledRecordings();
  bool verbose = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--verbose") {
      verbose = true;
    } else {
      AddCampaigns(argv[i], &recordings);
    }
  }
  Table table(twins, verbose);
  AddClean(recordings, &table);
  AddInjections(recordings, &table);
  return table.Print() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace parallax::pipeline

int main(int argc, char** argv) { return parallax::pipeline::Main(argc, argv); }
