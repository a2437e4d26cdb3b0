#include "client/lib/campaign.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/json_reader.h"
#include "client/lib/names.h"
#include "client/lib/rig_json.h"
#include "client/lib/run_json.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

namespace fs = std::filesystem;

constexpr char kFormat[] = "parallax-campaign/1";

std::string RunFolder(const std::string& folder, const std::string& run) {
  return folder + "/runs/" + run;
}

absl::StatusOr<std::vector<std::string>> ParseSplit(const JsonReader& splits,
                                                    const std::string& name) {
  std::vector<std::string> runs;
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> split, splits.Find(name));
  if (!split.has_value()) return runs;
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JsonReader> elements, split->Elements());
  for (const JsonReader& element : elements) {
    PARALLAX_ASSIGN_OR_RETURN(std::string run, element.String());
    if (!IsFileName(run)) return element.Error("the name of a folder in runs/");
    runs.push_back(std::move(run));
  }
  return runs;
}

/// The run that was meant, if one is near; else where to look.
std::string NearestRun(const std::string& folder, const std::string& run) {
  std::vector<std::string> runs;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder + "/runs", error)) {
    runs.push_back(entry.path().filename().string());
  }
  std::sort(runs.begin(), runs.end());
  const std::string nearest = base::NearestName(run, runs);
  if (!nearest.empty()) return absl::StrFormat("did you mean \"%s\"?", nearest);
  return "take it out of the splits, or add its folder";
}

absl::Status CheckSplits(const std::string& folder, const CampaignManifest& manifest) {
  std::vector<std::string> runs = manifest.calibrate;
  runs.insert(runs.end(), manifest.validate.begin(), manifest.validate.end());
  if (runs.empty()) {
    return base::WithFieldError(
        absl::InvalidArgumentError(folder + "/campaign.json: splits name no run"),
        {.field = folder + "/campaign.json: splits",
         .value = "no run",
         .bound = "at least one run",
         .next_step = "name the folders of runs/ in \"calibrate\" and \"validate\""});
  }
  for (const std::string& run : runs) {
    std::error_code error;
    if (fs::is_directory(RunFolder(folder, run), error)) continue;
    return base::WithFieldError(
        absl::NotFoundError(
            absl::StrFormat("%s/campaign.json: splits name run \"%s\", but there is no folder %s",
                            folder, run, RunFolder(folder, run))),
        {.field = folder + "/campaign.json: splits",
         .value = run,
         .bound = "a folder in runs/",
         .next_step = NearestRun(folder, run)});
  }
  std::sort(runs.begin(), runs.end());
  const auto twice = std::adjacent_find(runs.begin(), runs.end());
  if (twice == runs.end()) return absl::OkStatus();
  return base::WithFieldError(
      absl::InvalidArgumentError(absl::StrFormat(
          "%s/campaign.json: splits name run \"%s\" twice, must name it once", folder, *twice)),
      {.field = folder + "/campaign.json: splits",
       .value = *twice,
       .bound = "named once",
       .next_step = "keep it in one split: what calibrates cannot validate"});
}

absl::StatusOr<std::string> ReadNamedFile(const std::string& path, const std::string& why) {
  absl::StatusOr<std::string> text = base::ReadFile(path);
  if (absl::IsNotFound(text.status())) {
    return base::WithFieldError(
        absl::NotFoundError(absl::StrFormat("%s: file is missing; %s", path, why)),
        {.field = path, .value = "missing", .bound = "a file", .next_step = why});
  }
  return text;
}

absl::StatusOr<nlohmann::json> ReadRequiredJson(const std::string& path) {
  absl::StatusOr<nlohmann::json> document = ReadJsonFile(path);
  if (absl::IsNotFound(document.status())) {
    return absl::NotFoundError(absl::StrFormat("%s: file is missing", path));
  }
  return document;
}

/// A CSV that belongs to no device would be lost without a word.
void WarnOfStrayFiles(const std::string& run_folder, const v1::Rig& rig,
                      std::vector<std::string>& warnings) {
  std::vector<std::string> strays;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(run_folder, error)) {
    if (entry.path().extension() != ".csv") continue;
    const std::string stem = entry.path().stem().string();
    const bool known = std::any_of(rig.devices().begin(), rig.devices().end(),
                                   [&](const v1::Device& device) { return device.id() == stem; });
    if (!known) strays.push_back(entry.path().string() + ": no device of this name, not read");
  }
  std::sort(strays.begin(), strays.end());
  warnings.insert(warnings.end(), strays.begin(), strays.end());
}

absl::StatusOr<RecordedRun> LoadRunFiles(const std::string& folder, const std::string& id,
                                         v1::RunSplit split, const v1::Rig& rig,
                                         std::vector<std::string>& warnings) {
  RecordedRun recorded;
  const std::string run_path = RunFolder(folder, id) + "/run.json";
  PARALLAX_ASSIGN_OR_RETURN(const nlohmann::json run_json, ReadRequiredJson(run_path));
  const JsonReader reader(run_json, run_path, warnings);
  PARALLAX_ASSIGN_OR_RETURN(ParsedRun parsed, ParseRun(reader));
  if (parsed.id != id) {
    PARALLAX_ASSIGN_OR_RETURN(const JsonReader id_json, reader.Member("id"));
    return id_json.Error(absl::StrFormat("\"%s\", the folder's name", id));
  }
  recorded.open.set_run_id(id);
  *recorded.open.mutable_run() = std::move(parsed.run);
  recorded.open.mutable_run()->set_split(split);
  const std::string outcome_path = RunFolder(folder, id) + "/outcome.json";
  absl::StatusOr<nlohmann::json> outcome_json = ReadJsonFile(outcome_path);
  if (outcome_json.ok()) {
    PARALLAX_ASSIGN_OR_RETURN(recorded.outcome,
                              ParseOutcome(JsonReader(*outcome_json, outcome_path, warnings)));
  } else if (!absl::IsNotFound(outcome_json.status())) {
    return outcome_json.status();
  }
  WarnOfStrayFiles(RunFolder(folder, id), rig, warnings);
  recorded.devices.resize(static_cast<size_t>(rig.devices_size()));
  return recorded;
}

/// One file that is still to be parsed, and where its recording goes.
struct CsvTask {
  std::string path;
  const v1::Device* device;
  uint32_t first_channel_index;
  DeviceRecording* target;
  absl::Duration span;
  uint64_t bytes = 0;
  absl::Status status;
};

void RunCsvTask(CsvTask& task) {
  const absl::StatusOr<std::string> text =
      ReadNamedFile(task.path, absl::StrFormat("rig.json has a device \"%s\"", task.device->id()));
  task.status = text.status();
  if (!text.ok()) return;
  task.bytes = text->size();
  absl::StatusOr<DeviceRecording> recording =
      ParseDeviceCsv(task.path, *text, *task.device, task.first_channel_index, task.span);
  task.status = recording.status();
  if (recording.ok()) *task.target = std::move(*recording);
}

absl::Status LoadCsvFiles(const std::string& folder, absl::Duration span, Campaign& campaign) {
  std::vector<CsvTask> tasks;
  for (RecordedRun& run : campaign.runs) {
    uint32_t first_channel_index = 0;
    for (int i = 0; i < campaign.rig.devices_size(); ++i) {
      const v1::Device& device = campaign.rig.devices(i);
      const std::string path = RunFolder(folder, run.open.run_id()) + "/" + device.id() + ".csv";
      tasks.push_back({path, &device, first_channel_index, &run.devices[static_cast<size_t>(i)],
                       span, 0, absl::OkStatus()});
      first_channel_index += static_cast<uint32_t>(device.channels_size());
    }
  }
  base::ParallelFor(tasks.size(), [&](size_t i) { RunCsvTask(tasks[i]); });
  for (const CsvTask& task : tasks) {
    PARALLAX_RETURN_IF_ERROR(task.status);
    campaign.csv_bytes += task.bytes;
    campaign.samples += task.target->samples;
    for (const std::string& channel : task.target->silent) {
      campaign.warnings.push_back(
          absl::StrFormat("%s: column \"%s\" is empty throughout", task.path, channel));
    }
  }
  return absl::OkStatus();
}

/// rig.json, with the twin and title of the campaign.
absl::StatusOr<v1::Rig> LoadRig(const std::string& folder, const CampaignManifest& manifest,
                                std::vector<std::string>& warnings) {
  const std::string path = folder + "/rig.json";
  PARALLAX_ASSIGN_OR_RETURN(const nlohmann::json document, ReadRequiredJson(path));
  const JsonReader reader(document, path, warnings);
  PARALLAX_ASSIGN_OR_RETURN(v1::Rig rig, ParseRig(reader));
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader rig_id, reader.Member("id"));
  PARALLAX_ASSIGN_OR_RETURN(const std::string id, rig_id.String());
  if (id != manifest.rig) {
    return rig_id.Error(absl::StrFormat("\"%s\", the rig of campaign.json", manifest.rig));
  }
  rig.set_twin(manifest.twin);
  rig.set_title(manifest.title);
  return rig;
}

}  // namespace

absl::StatusOr<CampaignManifest> LoadManifest(const std::string& folder,
                                              std::vector<std::string>& warnings) {
  const std::string path = folder + "/campaign.json";
  PARALLAX_ASSIGN_OR_RETURN(const nlohmann::json document, ReadRequiredJson(path));
  const JsonReader json(document, path, warnings);
  CampaignManifest manifest;
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader format, json.Member("format"));
  PARALLAX_ASSIGN_OR_RETURN(const std::string format_text, format.String());
  if (format_text != kFormat) return format.Error(absl::StrFormat("\"%s\"", kFormat));
  PARALLAX_ASSIGN_OR_RETURN(manifest.id, json.StringAt("id"));
  PARALLAX_ASSIGN_OR_RETURN(manifest.title, json.StringOrEmpty("title"));
  PARALLAX_ASSIGN_OR_RETURN(manifest.rig, json.StringAt("rig"));
  PARALLAX_ASSIGN_OR_RETURN(manifest.twin, json.StringAt("twin"));
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JsonReader> assumptions, json.Find("assumptions"));
  if (assumptions.has_value()) {
    PARALLAX_ASSIGN_OR_RETURN(const auto members, assumptions->Members());
    for (const auto& member : members) {
      PARALLAX_ASSIGN_OR_RETURN(manifest.assumptions[member.first], member.second.Number());
    }
  }
  PARALLAX_ASSIGN_OR_RETURN(const JsonReader splits, json.Member("splits"));
  PARALLAX_ASSIGN_OR_RETURN(manifest.calibrate, ParseSplit(splits, "calibrate"));
  PARALLAX_ASSIGN_OR_RETURN(manifest.validate, ParseSplit(splits, "validate"));
  splits.WarnUnknown({"calibrate", "validate"});
  json.WarnUnknown(
      {"format", "id", "title", "description", "rig", "twin", "assumptions", "splits", "origin"});
  PARALLAX_RETURN_IF_ERROR(CheckSplits(folder, manifest));
  return manifest;
}

absl::StatusOr<v1::InlineRun> LoadInlineRun(const std::string& path, RunContents contents,
                                            std::vector<std::string>& warnings) {
  std::error_code error;
  fs::path run_folder = fs::absolute(path, error).lexically_normal();
  if (!fs::is_directory(run_folder, error)) run_folder = run_folder.parent_path();
  if (!run_folder.has_filename()) run_folder = run_folder.parent_path();
  const std::string folder = run_folder.parent_path().parent_path().string();
  Campaign campaign;
  PARALLAX_ASSIGN_OR_RETURN(campaign.manifest, LoadManifest(folder, warnings));
  PARALLAX_ASSIGN_OR_RETURN(campaign.rig, LoadRig(folder, campaign.manifest, warnings));
  PARALLAX_ASSIGN_OR_RETURN(RecordedRun recorded,
                            LoadRunFiles(folder, run_folder.filename().string(),
                                         v1::RUN_SPLIT_UNASSIGNED, campaign.rig, warnings));
  campaign.runs.push_back(std::move(recorded));
  if (contents == RunContents::kRecording) {
    PARALLAX_RETURN_IF_ERROR(LoadCsvFiles(folder, absl::InfiniteDuration(), campaign));
  }
  v1::InlineRun out;
  *out.mutable_rig() = std::move(campaign.rig);
  *out.mutable_assumptions() = std::move(campaign.manifest.assumptions);
  *out.mutable_run() = std::move(*campaign.runs[0].open.mutable_run());
  for (DeviceRecording& device : campaign.runs[0].devices) {
    for (v1::SampleBatch& batch : device.batches) *out.add_batches() = std::move(batch);
  }
  return out;
}

absl::StatusOr<Campaign> LoadCampaign(const std::string& folder, absl::Duration span) {
  Campaign campaign;
  PARALLAX_ASSIGN_OR_RETURN(campaign.manifest, LoadManifest(folder, campaign.warnings));
  PARALLAX_ASSIGN_OR_RETURN(campaign.rig, LoadRig(folder, campaign.manifest, campaign.warnings));
  const auto load = [&](const std::vector<std::string>& runs, v1::RunSplit split) -> absl::Status {
    for (const std::string& run : runs) {
      PARALLAX_ASSIGN_OR_RETURN(RecordedRun recorded,
                                LoadRunFiles(folder, run, split, campaign.rig, campaign.warnings));
      campaign.runs.push_back(std::move(recorded));
    }
    return absl::OkStatus();
  };
  PARALLAX_RETURN_IF_ERROR(load(campaign.manifest.calibrate, v1::RUN_SPLIT_CALIBRATE));
  PARALLAX_RETURN_IF_ERROR(load(campaign.manifest.validate, v1::RUN_SPLIT_VALIDATE));
  PARALLAX_RETURN_IF_ERROR(LoadCsvFiles(folder, span, campaign));
  return campaign;
}

}  // namespace parallax::client
