#include "tests/e2e/planted_folder_support.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/pipeline/design_json.h"
#include "tests/support/campaign_files.h"

namespace parallax::e2e {
namespace {

using nlohmann::json;

std::string TimeText(int64_t unix_ns) {
  return absl::FormatTime(absl::RFC3339_full, absl::FromUnixNanos(unix_ns), absl::UTCTimeZone());
}

json ValueJson(const signal::Measurement& measured) {
  return {{"value", measured.value}, {"sd", measured.sd}};
}

/// Heights and D/G: what forests are measured for.
json OutcomeJson(const signal::Outcome& outcome) {
  json root = {{"measured_at", TimeText(outcome.measured_at_unix_ns)}};
  if (outcome.height_um) root["height_um"] = ValueJson(*outcome.height_um);
  if (outcome.raman_d_over_g) {
    root["raman"] = {{"laser_nm", outcome.raman_laser_nm},
                     {"d_over_g", ValueJson(*outcome.raman_d_over_g)}};
  }
  return root;
}

void WriteDevice(const signal::Device& device, const signal::RunRecord& record,
                 const std::string& path) {
  std::ofstream file(path);
  file << "time_ns";
  std::map<int64_t, std::vector<std::string>> rows;
  for (size_t c = 0; c < device.channels.size(); ++c) {
    file << "," << device.channels[c].id;
    for (const signal::Series& series : record.series) {
      if (series.channel != device.id + "/" + device.channels[c].id) continue;
      for (size_t i = 0; i < series.value.size(); ++i) {
        std::vector<std::string>& row = rows[series.time_unix_ns[i]];
        row.resize(device.channels.size());
        row[c] = absl::StrFormat("%.17g", series.value[i]);
      }
    }
  }
  file << "\n";
  for (const auto& [time_unix_ns, row] : rows) {
    file << time_unix_ns << "," << absl::StrJoin(row, ",") << "\n";
  }
}

void WriteRun(const signal::Rig& rig, const signal::RunRecord& record, const std::string& folder) {
  std::filesystem::create_directories(folder);
  json run = pipeline::RecipeJson(record.run);
  run["id"] = record.run.id;
  run["started_at"] = TimeText(record.run.started_at_unix_ns);
  std::ofstream(folder + "/run.json") << run;
  if (record.outcome) std::ofstream(folder + "/outcome.json") << OutcomeJson(*record.outcome);
  for (const signal::Device& device : rig.devices) {
    WriteDevice(device, record, folder + "/" + device.id + ".csv");
  }
}

}  // namespace

void WriteCampaignFolder(const pipeline::testing::Campaign& campaign,
                         const pipeline::testing::PlantedCampaign& what, const std::string& id,
                         const std::string& folder) {
  json splits = {{"calibrate", json::array()}, {"validate", json::array()}};
  const auto write = [&](const std::vector<signal::RunRecord>& records, const char* split) {
    for (const signal::RunRecord& record : records) {
      splits[split].push_back(record.run.id);
      WriteRun(campaign.rig, record, folder + "/runs/" + record.run.id);
    }
  };
  write(campaign.calibrate, "calibrate");
  write(campaign.validate, "validate");
  json rig = testing::ReadJsonFile(absl::StrFormat("%s/swcnt-rigs/%s.json", PARALLAX_TEST_DATA,
                                                   pipeline::testing::NameOf(what.bench)));
  rig["id"] = id;
  std::ofstream(folder + "/rig.json") << rig;
  std::ofstream(folder + "/campaign.json") << json{{"format", "parallax-campaign/1"},
                                                   {"id", id},
                                                   {"title", "a planted campaign"},
                                                   {"rig", id},
                                                   {"twin", "swcnt_cvd"},
                                                   {"splits", splits}};
}

}  // namespace parallax::e2e
