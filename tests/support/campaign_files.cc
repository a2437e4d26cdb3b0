#include "tests/support/campaign_files.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace parallax::testing {
namespace {

signal::Channel ChannelFromJson(const nlohmann::json& entry) {
  const std::string role = entry.value("role", "measured");
  signal::Channel channel{.id = entry.at("id"),
                          .quantity = entry.at("quantity"),
                          .unit = entry.at("unit"),
                          .role = role == "actuator"   ? signal::Role::kActuator
                                  : role == "setpoint" ? signal::Role::kSetpoint
                                                       : signal::Role::kMeasured,
                          .rate_hz = entry.value("rate_hz", 0.0),
                          .noise_sd = entry.value("noise_sd", 0.0),
                          .resolution = entry.value("resolution", 0.0),
                          .range_low = entry.at("range").at(0),
                          .range_high = entry.at("range").at(1)};
  if (entry.contains("reference")) {
    channel.reference = signal::GasReference{entry.at("reference").at("temperature_k"),
                                             entry.at("reference").at("pressure_pa")};
  }
  return channel;
}

/// Appends the series of one `time_ns,channel,…` file of a device.
void ReadDeviceCsv(const std::string& path, const std::string& device, signal::RunRecord* record) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::stringstream header(line);
  std::string cell;
  std::getline(header, cell, ',');
  const size_t first = record->series.size();
  while (std::getline(header, cell, ','))
    record->series.push_back({.channel = absl::StrCat(device, "/", cell)});
  while (std::getline(file, line)) {
    std::stringstream cells(line);
    std::getline(cells, cell, ',');
    const int64_t time_unix_ns = std::stoll(cell);
    for (size_t i = first; i < record->series.size() && std::getline(cells, cell, ','); ++i) {
      // Ingest rejects a value that is not finite; a folder read directly does the same.
      const double value = cell.empty() ? NAN : std::stod(cell);
      if (!std::isfinite(value)) continue;
      record->series[i].time_unix_ns.push_back(time_unix_ns);
      record->series[i].value.push_back(value);
      record->series[i].quality.push_back({});
    }
  }
}

signal::Recipe RecipeFromJson(const nlohmann::json& segments) {
  signal::Recipe recipe;
  for (const nlohmann::json& entry : segments) {
    signal::Segment segment{
        .name = entry.at("name"), .start_s = entry.at("start_s"), .end_s = entry.at("end_s")};
    for (const auto& [channel, setpoint] : entry.at("setpoints").items()) {
      segment.setpoints[channel] = setpoint.is_number()
                                       ? signal::Setpoint{setpoint.get<double>()}
                                       : signal::Setpoint{setpoint.at("ramp_to"), true};
    }
    recipe.segments.push_back(std::move(segment));
  }
  return recipe;
}

/// What outcome.json holds.
signal::Outcome OutcomeFromJson(const nlohmann::json& root) {
  signal::Outcome outcome;
  if (root.contains("chirality")) {
    outcome.chirality_method = root.at("chirality").at("method");
    outcome.chirality_counts = root.at("chirality").at("counts");
    for (const nlohmann::json& share : root.at("chirality").at("shares")) {
      outcome.chirality.push_back(
          {share.at("n"), share.at("m"), share.at("share"), share.at("sd")});
    }
  }
  if (root.contains("height_um")) {
    outcome.height_um = {root.at("height_um").at("value"), root.at("height_um").at("sd")};
  }
  if (!root.contains("raman")) return outcome;
  const nlohmann::json& raman = root.at("raman");
  outcome.raman_laser_nm = raman.at("laser_nm");
  if (raman.contains("d_over_g")) {
    outcome.raman_d_over_g = {raman.at("d_over_g").at("value"), raman.at("d_over_g").at("sd")};
  }
  for (const nlohmann::json& line : raman.value("rbm", nlohmann::json::array())) {
    outcome.raman_rbm.push_back({line.at("shift_per_cm"), line.at("intensity"), line.at("sd")});
  }
  return outcome;
}

/// What a run.json says of its run.
signal::Run ReadRun(const std::string& path) {
  const nlohmann::json root = ReadJsonFile(path);
  signal::Run run{.id = root.at("id"), .recipe = RecipeFromJson(root.at("segments"))};
  if (root.contains("substrate") && !root.at("substrate").is_null()) {
    const nlohmann::json& substrate = root.at("substrate");
    run.substrate = {substrate.at("material"), substrate.at("thickness_m")};
  }
  if (root.contains("catalyst") && !root.at("catalyst").is_null()) {
    const nlohmann::json& catalyst = root.at("catalyst");
    run.catalyst = {catalyst.at("set"), catalyst.at("feed"), catalyst.at("reduction_s"),
                    catalyst.at("anneal_s")};
  }
  absl::Time start;
  std::string problem;
  if (absl::ParseTime(absl::RFC3339_full, root.at("started_at").get<std::string>(), &start,
                      &problem)) {
    run.started_at_unix_ns = absl::ToUnixNanos(start);
  }
  return run;
}

}  // namespace

nlohmann::json ReadJsonFile(const std::string& path) {
  std::ifstream file(path);
  return file ? nlohmann::json::parse(file) : nlohmann::json();
}

signal::Rig ReadRig(const std::string& path) {
  const nlohmann::json root = ReadJsonFile(path);
  signal::Rig rig{.id = root.at("id"),
                  .kind = root.at("kind"),
                  .geometry = root.at("geometry").get<std::map<std::string, double>>()};
  for (const nlohmann::json& entry : root.at("devices")) {
    signal::Device device{.id = entry.at("id")};
    for (const nlohmann::json& channel : entry.at("channels")) {
      device.channels.push_back(ChannelFromJson(channel));
    }
    rig.devices.push_back(std::move(device));
  }
  return rig;
}

signal::RunRecord ReadRunFolder(const signal::Rig& rig, const std::string& folder) {
  signal::RunRecord record{.run = ReadRun(folder + "/run.json")};
  const nlohmann::json outcome = ReadJsonFile(folder + "/outcome.json");
  if (!outcome.is_null()) record.outcome = OutcomeFromJson(outcome);
  for (const signal::Device& device : rig.devices) {
    ReadDeviceCsv(folder + "/" + device.id + ".csv", device.id, &record);
  }
  return record;
}

signal::Rig InductionFurnaceRig() {
  signal::Rig rig{.id = "byu-induction-furnace",
                  .kind = "furnace",
                  .geometry = {{"command_gain_w_per_ma", 1000.0}, {"ambient_k", 295.15}}};
  signal::Device recorder{.id = "recorder"};
  recorder.channels = {{.id = "power_command",
                        .quantity = "power_command",
                        .unit = "mA",
                        .role = signal::Role::kActuator,
                        .rate_hz = 1.0,
                        .resolution = 1e-6,
                        .range_low = 0.0,
                        .range_high = 20.0},
                       {.id = "temperature",
                        .quantity = "temperature",
                        .unit = "Cel",
                        .rate_hz = 1.0,
                        .noise_sd = 2.0,
                        .resolution = 0.03,
                        .range_low = 800.0,
                        .range_high = 2500.0},
                       {.id = "argon_flow",
                        .quantity = "volume_flow",
                        .unit = "mL/min",
                        .rate_hz = 1.0,
                        .noise_sd = 0.2,
                        .resolution = 0.0105,
                        .range_low = 0.0,
                        .range_high = 21.38,
                        .reference = signal::GasReference{294.26, 101325.0}}};
  rig.devices = {recorder};
  return rig;
}

signal::RunRecord FurnaceRecording(const std::string& prefix) {
  signal::RunRecord record;
  for (const auto& entry : std::filesystem::directory_iterator(PARALLAX_TEST_DATA "/furnace")) {
    const std::string name = entry.path().stem().string();
    if (name.rfind(prefix, 0) != 0 || entry.path().extension() != ".csv") continue;
    record.run = ReadRun(PARALLAX_TEST_DATA "/furnace/" + name + ".json");
    ReadDeviceCsv(entry.path().string(), "recorder", &record);
  }
  return record;
}

}  // namespace parallax::testing
