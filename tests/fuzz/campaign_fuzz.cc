// Feeds LoadCampaign a folder whose files come from the input: each begins with a line "=== PATH".
// What it accepts, its own documents must say again.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/campaign.h"
#include "client/lib/campaign_documents.h"
#include "core/base/check.h"
#include "tests/fuzz/answer.h"
#include "tests/fuzz/message_text.h"
#include "tests/fuzz/scratch.h"

namespace parallax::client {
namespace {

namespace fs = std::filesystem;

/// The files that a campaign of run "r" and device "d" may have; no others are written.
constexpr const char* kFiles[] = {"campaign.json", "rig.json", "runs/r/run.json",
                                  "runs/r/outcome.json", "runs/r/d.csv"};

void WriteFile(const fs::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  PARALLAX_CHECK(file.good());
}

/// Lays out the folder anew.
void WriteFolder(const fs::path& folder, std::string_view input) {
  fs::create_directories(folder / "runs/r");
  for (const char* name : kFiles) {
    const std::string head = absl::StrFormat("=== %s\n", name);
    const size_t begin = input.find(head);
    if (begin == std::string_view::npos) {
      fs::remove(folder / name);
      continue;
    }
    const std::string_view rest = input.substr(begin + head.size());
    WriteFile(folder / name, rest.substr(0, rest.find("=== ")));
  }
}

/// All that was read, as bytes.
std::string Summary(const Campaign& campaign) {
  std::string bytes = fuzz::WireBytes(campaign.rig);
  for (const RecordedRun& run : campaign.runs) {
    bytes += fuzz::WireBytes(run.open);
    if (run.outcome.has_value()) bytes += fuzz::WireBytes(*run.outcome);
    for (const DeviceRecording& device : run.devices) {
      bytes += device.producer_id;
      for (const v1::SampleBatch& batch : device.batches) bytes += fuzz::WireBytes(batch);
    }
  }
  return bytes;
}

void CheckCampaign(const fs::path& folder, const Campaign& campaign) {
  for (const RecordedRun& run : campaign.runs) {
    for (const DeviceRecording& device : run.devices) {
      uint64_t samples = 0;
      for (const v1::SampleBatch& batch : device.batches) {
        for (const v1::ChannelSamples& column : batch.columns()) {
          samples += static_cast<uint64_t>(column.value_size());
        }
      }
      PARALLAX_CHECK(samples == device.samples);
    }
    WriteFile(folder / "runs" / run.open.run_id() / "run.json",
              RunDocument(run.open.run(), run.open.run_id()).dump());
    if (!run.outcome.has_value()) continue;
    WriteFile(folder / "runs" / run.open.run_id() / "outcome.json",
              OutcomeDocument(*run.outcome).dump());
  }
  WriteFile(folder / "rig.json", RigDocument(campaign.rig, campaign.manifest.rig).dump());
  const absl::StatusOr<Campaign> again = LoadCampaign(folder.string());
  PARALLAX_CHECK(again.ok());
  PARALLAX_CHECK(fuzz::Answer(Summary(*again)) == Summary(campaign));
}

}  // namespace
}  // namespace parallax::client

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace parallax::client;
  static const parallax::fuzz::Scratch scratch;
  const std::filesystem::path folder = scratch.path();
  WriteFolder(folder, {reinterpret_cast<const char*>(bytes), size});
  const absl::StatusOr<Campaign> campaign = LoadCampaign(folder.string());
  if (campaign.ok()) {
    CheckCampaign(folder, *campaign);
  } else {
    PARALLAX_CHECK(absl::IsInvalidArgument(campaign.status()) ||
                   absl::IsNotFound(campaign.status()));
  }
  return 0;
}
