// Scores a folder of campaigns twice: by the verdict's frozen bounds, and each campaign by bounds
// chosen on all others alone. Labels are read here and nowhere else.
//
//   leave_one_out CAMPAIGNS_DIR LABELS_DIR [--keep=FILE | --from=FILE]
//
// Every campaign is weighed once and keeps its evidence; what is chosen are the bounds of
// DecisiveKnobs in threshold_choice.h, by the procedure told there. Errors that are forgiven, prior
// odds and the rest of verdict_thresholds.h stay as they are: they change the evidence. --keep
// writes the evidence, a line a campaign, and --from starts from such a file.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_weighing.h"
#include "tests/core/pipeline/evidence_json.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/core/pipeline/threshold_choice.h"
#include "tests/support/campaign_files.h"

namespace parallax::pipeline::testing {
namespace {

namespace fs = std::filesystem;
using attribution::VerdictKind;
using nlohmann::json;
using parallax::testing::ReadJsonFile;
using Names = std::set<std::string>;

constexpr size_t kLargestHalf = 3;

Names NamesIn(const json& list) { return list.is_null() ? Names() : list.get<Names>(); }
Names ToSet(const std::vector<std::string>& list) { return {list.begin(), list.end()}; }
bool Holds(const Names& outer, const Names& inner) {
  return std::includes(outer.begin(), outer.end(), inner.begin(), inner.end());
}
bool Meet(const Names& a, const Names& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) { return b.contains(name); });
}

/// What a campaign's label says.
struct Label {
  explicit Label(const json& root) : family(root.at("family")) {
    for (const json& one : root.at("parameters")) truth.insert(one.at("name").get<std::string>());
    same = NamesIn(root.at("same_mechanism"));
    same.insert(truth.begin(), truth.end());
    ambiguous = NamesIn(root.at("ambiguous"));
    if (ambiguous.empty()) ambiguous = truth;
    const json& sensor = root.at("sensor");
    if (sensor.is_string()) channel = sensor;
    if (sensor.is_object()) channel = sensor.value("channel", "");
  }

  bool NamesChannel(const std::vector<std::string>& channels) const {
    return std::any_of(channels.begin(), channels.end(), [&](const std::string& one) {
      const bool clock = channel.ends_with(".clock") &&
                         one.starts_with(channel.substr(0, channel.find('.')) + "/");
      return one.ends_with(channel) || clock;
    });
  }

  std::string family, channel;
  Names truth, same, ambiguous;
};

/// The rules of tests/e2e/scoreboard.
Grade GradeOf(const Label& label, const attribution::Verdict& verdict) {
  const Names named = ToSet(verdict.parameters), group = ToSet(verdict.group);
  const bool identified = verdict.kind == VerdictKind::kIdentified;
  const bool ambiguous = verdict.kind == VerdictKind::kAmbiguous;
  const std::string& family = label.family;
  const bool innocent = family == "unmodelled" || family == "sensor" || family == "null";
  Grade grade{.wrong = identified && (innocent || !Holds(label.same, named))};
  if (family == "single" || family == "case_study") {
    const bool half = ambiguous && Meet(label.truth, group) && group.size() <= kLargestHalf;
    const bool within = family == "case_study" && Holds(label.same, group);
    grade.points = identified && !named.empty() && Holds(label.same, named) ? 1.0
                   : half                                                   ? (within ? 1.0 : 0.5)
                                                                            : 0.0;
  } else if (family == "double") {
    const bool part = identified && !named.empty() && Holds(label.truth, named);
    grade.points = part ? (named == label.truth ? 1.0 : 0.5) : 0.0;
  } else if (family == "confounded") {
    const bool over = identified && named == label.truth;
    grade.points = ambiguous && Holds(group, label.ambiguous) ? 1.0 : over ? 0.5 : 0.0;
  } else if (family == "sensor") {
    const bool fault = verdict.kind == VerdictKind::kSensorFault;
    grade.points = fault && label.NamesChannel(verdict.channels) ? 1.0 : 0.0;
  } else {
    const VerdictKind wanted =
        family == "unmodelled" ? VerdictKind::kUnmodelled : VerdictKind::kNoGap;
    grade.points = verdict.kind == wanted ? 1.0 : 0.0;
  }
  return grade;
}

/// Weighs the campaign in a folder as `campaign evaluate` does, with its default seed.
absl::StatusOr<attribution::Evidence> WeighFolder(const std::string& folder) {
  const json manifest = ReadJsonFile(folder + "/campaign.json");
  const signal::Rig rig = parallax::testing::ReadRig(folder + "/rig.json");
  const twin::Description& description = Nanotubes().description();
  if (manifest.at("twin") != description.name) {
    return absl::InvalidArgumentError(folder + ": is not of twin " + description.name);
  }
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::VectorXd assumed,
      twin::ParametersFromAssumptions(
          description, manifest.at("assumptions").get<std::map<std::string, double>>()));
  const auto records = [&](const char* split) {
    std::vector<signal::RunRecord> out;
    for (const std::string run : manifest.at("splits").at(split)) {
      out.push_back(parallax::testing::ReadRunFolder(rig, absl::StrCat(folder, "/runs/", run)));
    }
    return out;
  };
  const calibration::ParameterSet base;  // `assumed` stands for it
  const std::vector<signal::RunRecord> calibrate = records("calibrate");
  const std::vector<signal::RunRecord> validate = records("validate");
  const AnalysisInput input{.rig = rig,
                            .twin = Nanotubes(),
                            .base = base,
                            .calibrate_runs = calibrate,
                            .validate_runs = validate};
  PARALLAX_ASSIGN_OR_RETURN(
      const std::unique_ptr<WeighedCampaign> weighed,
      WeighCampaign(input, assumed, [](std::string_view, double) { return true; }));
  return weighed->explanation.evidence;
}

/// Evidence by campaign, from a file of lines.
std::map<std::string, attribution::Evidence> ReadKept(const std::string& path) {
  std::map<std::string, attribution::Evidence> kept;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const json root = json::parse(line);
    kept[root.at("id").get<std::string>()] = DecodeEvidence(root.at("evidence"));
  }
  return kept;
}

std::string Said(const attribution::Verdict& verdict) {
  std::vector<std::string> names = verdict.parameters;
  names.insert(names.end(), verdict.group.begin(), verdict.group.end());
  if (verdict.kind == VerdictKind::kSensorFault) names = verdict.channels;
  return absl::StrFormat("%s [%s]", ToString(verdict.kind), absl::StrJoin(names, " "));
}

void Print(const std::vector<LeftOut>& results) {
  double plain = 0.0, left_out = 0.0;
  int plain_wrong = 0, left_out_wrong = 0;
  std::map<std::string, int> moved;
  std::printf("%-8s %-40s %6s  %-40s %8s  %s\n", "campaign", "plain", "points", "left out",
              "points", "bounds that the others moved");
  for (const LeftOut& one : results) {
    plain += one.plain_grade.points;
    left_out += one.left_out_grade.points;
    plain_wrong += one.plain_grade.wrong ? 1 : 0;
    left_out_wrong += one.left_out_grade.wrong ? 1 : 0;
    for (const std::string& what : one.moved) ++moved[what];
    std::printf("%-8s %-40s %6.1f  %-40s %8.1f  %s\n", one.id.c_str(), Said(one.plain).c_str(),
                one.plain_grade.points, Said(one.left_out).c_str(), one.left_out_grade.points,
                one.moved.empty() ? "-" : absl::StrJoin(one.moved, ", ").c_str());
  }
  std::printf("\nplain score %g/%zu, wrongly identified %d\n", plain, results.size(), plain_wrong);
  std::printf("leave-one-campaign-out score %g/%zu, wrongly identified %d\n", left_out,
              results.size(), left_out_wrong);
  for (const auto& [what, count] : moved) {
    std::printf("  %s: %d of %zu\n", what.c_str(), count, results.size());
  }
}

/// Errors: those of the twin; InvalidArgument naming what is missing.
absl::Status Run(const std::string& campaigns, const std::string& labels, const std::string& keep,
                 const std::string& from) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(campaigns)) {
    if (fs::is_regular_file(entry.path() / "campaign.json")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  const std::map<std::string, attribution::Evidence> kept =
      from.empty() ? std::map<std::string, attribution::Evidence>() : ReadKept(from);
  std::ofstream file;
  if (!keep.empty()) file.open(keep);
  std::vector<GradedCampaign> graded;
  for (const fs::path& folder : folders) {
    const std::string id = ReadJsonFile((folder / "campaign.json").string()).at("id");
    const json root = ReadJsonFile(absl::StrCat(labels, "/", id, ".json"));
    if (root.is_null()) continue;
    attribution::Evidence evidence;
    if (from.empty()) {
      std::fprintf(stderr, "%s\n", id.c_str());
      PARALLAX_ASSIGN_OR_RETURN(evidence, WeighFolder(folder.string()));
    } else if (kept.contains(id)) {
      evidence = kept.at(id);
    } else {
      return absl::InvalidArgumentError(absl::StrCat(from, ": has no campaign ", id));
    }
    if (file.is_open()) {
      file << json({{"id", id}, {"evidence", EncodeEvidence(evidence)}}).dump() << "\n";
    }
    const Label label(root);
    graded.push_back({id, std::move(evidence), [label](const attribution::Verdict& verdict) {
                        return GradeOf(label, verdict);
                      }});
  }
  if (graded.empty()) return absl::InvalidArgumentError(campaigns + ": no campaign has a label");
  Print(LeaveOneOut(graded, DecisiveKnobs()));
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  std::vector<std::string> folders;
  std::string keep, from;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--keep=")) {
      keep = argument.substr(7);
    } else if (argument.starts_with("--from=")) {
      from = argument.substr(7);
    } else {
      folders.push_back(argument);
    }
  }
  if (folders.size() != 2 || folders[0].starts_with("--") || folders[1].starts_with("--")) {
    std::fprintf(stderr, "leave_one_out CAMPAIGNS_DIR LABELS_DIR [--keep=FILE | --from=FILE]\n");
    return 2;
  }
  const absl::Status status = Run(folders[0], folders[1], keep, from);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace parallax::pipeline::testing

int main(int argc, char** argv) { return parallax::pipeline::testing::Main(argc, argv); }
