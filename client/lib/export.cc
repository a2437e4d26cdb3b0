#include "client/lib/export.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "client/lib/campaign_documents.h"
#include "client/lib/names.h"
#include "client/lib/sample_text.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

namespace fs = std::filesystem;

/// Samples of one channel; the vectors are parallel.
struct ChannelSamples {
  std::vector<int64_t> time_unix_ns;
  std::vector<double> value;
};

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("%s: %s", path, error.message()));
}

absl::Status WriteJson(const std::string& path, const Json& json) {
  return base::WriteFileAtomically(path, json.dump(1) + "\n");
}

absl::StatusOr<ChannelSamples> ReadChannel(Client& client, const std::string& run,
                                           const std::string& channel) {
  v1::GetSeriesRequest request;
  request.set_run(run);
  request.set_channel(channel);
  request.set_form(v1::SERIES_FORM_RAW);
  ChannelSamples samples;
  PARALLAX_RETURN_IF_ERROR(client.GetSeries(request, [&](const v1::GetSeriesResponse& part) {
    if (part.value_size() != part.time_unix_ns_size()) {
      return absl::InternalError("the daemon sent a part of a series of unequal lengths");
    }
    samples.time_unix_ns.insert(samples.time_unix_ns.end(), part.time_unix_ns().begin(),
                                part.time_unix_ns().end());
    samples.value.insert(samples.value.end(), part.value().begin(), part.value().end());
    return absl::OkStatus();
  }));
  return samples;
}

/// Rows of a DEVICE.csv: every row takes of each channel at most one sample of its time.
std::string Rows(const std::vector<ChannelSamples>& channels) {
  std::string text;
  std::vector<size_t> next(channels.size(), 0);
  while (true) {
    int64_t time = std::numeric_limits<int64_t>::max();
    bool any = false;
    for (size_t c = 0; c < channels.size(); ++c) {
      if (next[c] == channels[c].time_unix_ns.size()) continue;
      time = std::min(time, channels[c].time_unix_ns[next[c]]);
      any = true;
    }
    if (!any) return text;
    text += std::to_string(time);
    for (size_t c = 0; c < channels.size(); ++c) {
      text += ',';
      const bool here =
          next[c] < channels[c].time_unix_ns.size() && channels[c].time_unix_ns[next[c]] == time;
      if (here) text += ExactText(channels[c].value[next[c]++]);
    }
    text += '\n';
  }
}

/// @return how many samples the file holds.
absl::StatusOr<uint64_t> WriteDevice(Client& client, const std::string& run,
                                     const v1::Device& device, const std::string& path) {
  std::string text = "time_ns";
  std::vector<ChannelSamples> channels;
  uint64_t samples = 0;
  for (const v1::Channel& channel : device.channels()) {
    text += "," + channel.id();
    PARALLAX_ASSIGN_OR_RETURN(ChannelSamples read,
                              ReadChannel(client, run, device.id() + "/" + channel.id()));
    samples += read.value.size();
    channels.push_back(std::move(read));
  }
  PARALLAX_RETURN_IF_ERROR(base::WriteFileAtomically(path, text + "\n" + Rows(channels)));
  return samples;
}

absl::StatusOr<ExportedRun> WriteRun(Client& client, const v1::Rig& rig, const v1::Run& run,
                                     const std::string& folder) {
  ExportedRun exported{.run = LastPart(run.name()),
                       .split = run.split(),
                       .samples = 0,
                       .silent_devices = {},
                       .retired = run.has_retirement()};
  if (exported.retired) return exported;
  const std::string path = folder + "/runs/" + exported.run;
  PARALLAX_RETURN_IF_ERROR(MakeFolder(path));
  PARALLAX_RETURN_IF_ERROR(WriteJson(path + "/run.json", RunDocument(run, exported.run)));
  PARALLAX_ASSIGN_OR_RETURN(const v1::GetRunResponse stored, client.GetRun(run.name()));
  if (stored.has_outcome()) {
    PARALLAX_RETURN_IF_ERROR(WriteJson(path + "/outcome.json", OutcomeDocument(stored.outcome())));
  }
  for (const v1::Device& device : rig.devices()) {
    PARALLAX_ASSIGN_OR_RETURN(
        const uint64_t samples,
        WriteDevice(client, run.name(), device, path + "/" + device.id() + ".csv"));
    exported.samples += samples;
    if (samples == 0) exported.silent_devices.push_back(device.id());
  }
  return exported;
}

/// Files are named as the daemon says: none of them may lie elsewhere.
absl::Status CheckFileNames(const v1::Rig& rig, const std::vector<v1::Run>& runs) {
  std::vector<std::string> names;
  for (const v1::Device& device : rig.devices()) names.push_back(device.id());
  for (const v1::Run& run : runs) names.push_back(LastPart(run.name()));
  for (const std::string& name : names) {
    if (!IsFileName(name)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("\"%s\" of %s cannot name a file", absl::CEscape(name), rig.name()));
    }
  }
  return absl::OkStatus();
}

/// campaign.json.
absl::StatusOr<Json> ManifestDocument(Client& client, const v1::Rig& rig,
                                      const std::vector<ExportedRun>& runs) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet assumed,
                            client.GetParameterSet(rig.name() + "/parameterSets/0"));
  Json assumptions = Json::object();
  for (const v1::ParameterValue& value : assumed.values()) {
    if (value.run().empty()) assumptions[value.parameter()] = value.value();
  }
  Json splits = {{"calibrate", Json::array()}, {"validate", Json::array()}};
  for (const ExportedRun& run : runs) {
    if (run.retired) continue;
    if (run.split == v1::RUN_SPLIT_CALIBRATE) splits["calibrate"].push_back(run.run);
    if (run.split == v1::RUN_SPLIT_VALIDATE) splits["validate"].push_back(run.run);
  }
  const std::string id = LastPart(rig.name());
  return Json{{"format", "parallax-campaign/1"},
              {"id", id},
              {"title", rig.title()},
              {"rig", id},
              {"twin", rig.twin()},
              {"assumptions", std::move(assumptions)},
              {"splits", std::move(splits)},
              {"origin", rig.name()}};
}

}  // namespace

absl::StatusOr<std::vector<ExportedRun>> ExportRig(
    Client& client, const std::string& rig, const std::string& folder,
    const std::function<void(const ExportedRun&)>& on_run) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Rig stored, client.GetRig(rig));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Run> runs, client.ListRuns(rig));
  PARALLAX_RETURN_IF_ERROR(CheckFileNames(stored, runs));
  PARALLAX_RETURN_IF_ERROR(base::MakeEmptyDirectory(folder, "DIR"));
  PARALLAX_RETURN_IF_ERROR(
      WriteJson(folder + "/rig.json", RigDocument(stored, LastPart(stored.name()))));
  std::vector<ExportedRun> exported;
  for (const v1::Run& run : runs) {
    PARALLAX_ASSIGN_OR_RETURN(ExportedRun one, WriteRun(client, stored, run, folder));
    if (on_run) on_run(one);
    exported.push_back(std::move(one));
  }
  // Last: a folder without it is no campaign.
  PARALLAX_ASSIGN_OR_RETURN(const Json manifest, ManifestDocument(client, stored, exported));
  PARALLAX_RETURN_IF_ERROR(WriteJson(folder + "/campaign.json", manifest));
  return exported;
}

}  // namespace parallax::client
