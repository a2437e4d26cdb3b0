#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/pipeline/campaign_rows.h"
#include "core/twin/twin.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/support/campaign_files.h"

/// Recorded campaigns of a folder (../shared/data/swcnt) as the studies of learning read them.
namespace parallax::pipeline::testing {

struct StudyCampaign {
  std::string id;
  std::string family;  ///< of its label: for scoring alone
  signal::Rig rig;
  calibration::ParameterSet set;  ///< what the lab assumes
  Eigen::VectorXd assumed;
  std::vector<signal::RunRecord> records;
  std::vector<CampaignRun> runs;  ///< gathered with what is assumed
};

inline StudyCampaign ReadStudyCampaign(const std::string& folder, const std::string& id) {
  StudyCampaign out{.id = id};
  const nlohmann::json campaign =
      parallax::testing::ReadJsonFile(folder + "/" + id + "/campaign.json");
  out.family = parallax::testing::ReadJsonFile(folder + "/labels/" + id + ".json").at("family");
  out.rig = parallax::testing::ReadRig(folder + "/" + id + "/rig.json");
  const twin::Description& description = Nanotubes().description();
  out.assumed = twin::ParametersFromAssumptions(description, campaign.at("assumptions")).value();
  for (size_t p = 0; p < description.parameters.size(); ++p) {
    const double value = out.assumed(static_cast<Eigen::Index>(p));
    out.set.values.push_back({.parameter = description.parameters[p].name,
                              .value = value,
                              .assumed = value,
                              .unit = description.parameters[p].unit});
  }
  for (const char* split : {"calibrate", "validate"}) {
    for (const std::string run : campaign.at("splits").at(split)) {
      out.records.push_back(
          parallax::testing::ReadRunFolder(out.rig, absl::StrCat(folder, "/", id, "/runs/", run)));
    }
  }
  for (const signal::RunRecord& record : out.records) {
    out.runs.push_back(GatherRows(out.rig, Nanotubes(), record, out.assumed).value());
  }
  return out;
}

inline std::vector<StudyCampaign> ReadStudyCampaigns(const std::string& folder) {
  std::vector<std::string> ids = {"case-a"};
  for (int i = 1; i <= 16; ++i) ids.push_back((i < 10 ? "c00" : "c0") + std::to_string(i));
  std::vector<StudyCampaign> all;
  for (const std::string& id : ids) all.push_back(ReadStudyCampaign(folder, id));
  return all;
}

}  // namespace parallax::pipeline::testing
