#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/csv.h"
#include "parallax/v1/ingest.pb.h"
#include "parallax/v1/twin.pb.h"

namespace parallax::client {

/// campaign.json: what the lab believes, and which runs are for what.
struct CampaignManifest {
  std::string id;
  std::string title;
  std::string rig;  ///< the id in rig.json
  std::string twin;
  google::protobuf::Map<std::string, double> assumptions;
  std::vector<std::string> calibrate;  ///< run ids
  std::vector<std::string> validate;   ///< run ids
};

/// One recorded run as the wire takes it.
struct RecordedRun {
  v1::OpenRunRequest open;               ///< `rig` and `request_id` are set by who sends it
  std::vector<DeviceRecording> devices;  ///< in the rig's order
  std::optional<v1::Outcome> outcome;
};

/// A campaign folder, read whole and checked before anything of it is sent.
struct Campaign {
  CampaignManifest manifest;
  v1::Rig rig;  ///< with twin and title, without name
  std::vector<RecordedRun> runs;
  std::vector<std::string> warnings;  ///< what the folder holds that nothing reads, and columns
                                      ///< that hold nothing
  uint64_t csv_bytes = 0;
  uint64_t samples = 0;
};

/// Reads campaign.json alone and checks that every run it names has a folder.
/// Errors: NotFound naming the missing file or run; InvalidArgument naming file, path, value,
/// bound.
absl::StatusOr<CampaignManifest> LoadManifest(const std::string& folder,
                                              std::vector<std::string>& warnings);

/// What a campaign's run brings to a prediction of it.
enum class RunContents { kRecipe, kRecording };

/// Reads one run of a campaign for TwinService.Simulate: rig, assumptions, recipe and, for
/// kRecording, what the devices recorded. The run need not be named in the campaign's splits.
/// @param path  folder CAMPAIGN/runs/RUN, or a run.json in it.
/// Errors: as LoadCampaign.
absl::StatusOr<v1::InlineRun> LoadInlineRun(const std::string& path, RunContents contents,
                                            std::vector<std::string>& warnings);

/// Reads the whole folder, straight to proto messages.
/// @param span  of a device's time that one batch holds at most; see PacedSpan.
/// Errors: those of LoadManifest, ParseRig, ParseRun, ParseOutcome and ParseDeviceCsv; NotFound for
/// a device of the rig that a run has no CSV of.
absl::StatusOr<Campaign> LoadCampaign(const std::string& folder,
                                      absl::Duration span = absl::InfiniteDuration());

}  // namespace parallax::client
