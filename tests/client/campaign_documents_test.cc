#include "client/lib/campaign_documents.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/lib/json_reader.h"
#include "client/lib/rig_json.h"
#include "client/lib/run_json.h"

namespace parallax::client {
namespace {

using google::protobuf::util::MessageDifferencer;

const std::string kNanotubes = PARALLAX_TEST_DATA "/swcnt-case-a";

/// Reads a document that was written, as its text.
class Reread {
 public:
  explicit Reread(const Json& written) : parsed_(nlohmann::json::parse(written.dump())) {}
  JsonReader reader() { return JsonReader(parsed_, "written", warnings_); }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  nlohmann::json parsed_;
  std::vector<std::string> warnings_;
};

/// A recorded document, read.
nlohmann::json RecordedDocument(const std::string& file) {
  absl::StatusOr<nlohmann::json> json = ReadJsonFile(kNanotubes + "/" + file);
  EXPECT_TRUE(json.ok()) << json.status();
  return *std::move(json);
}

TEST(CampaignDocumentsTest, ARigIsReadBackAsItWas) {
  std::vector<std::string> ignored;
  const nlohmann::json recorded = RecordedDocument("rig.json");
  absl::StatusOr<v1::Rig> rig = ParseRig(JsonReader(recorded, "rig.json", ignored));
  ASSERT_TRUE(rig.ok()) << rig.status();
  v1::Channel& channel = *rig->mutable_devices(0)->mutable_channels(0);
  channel.mutable_reference()->set_temperature_k(298.15);
  channel.mutable_reference()->set_pressure_pa(101325.0);
  (*channel.mutable_attributes())["zone"] = 0.1 + 0.2;
  Reread again(RigDocument(*rig, "rig-case-a"));
  const absl::StatusOr<v1::Rig> read = ParseRig(again.reader());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(MessageDifferencer::Equals(*read, *rig)) << read->DebugString();
  EXPECT_TRUE(again.warnings().empty());
}

TEST(CampaignDocumentsTest, ARunIsReadBackAsItWas) {
  std::vector<std::string> ignored;
  const nlohmann::json recorded = RecordedDocument("runs/r25/run.json");
  absl::StatusOr<ParsedRun> run = ParseRun(JsonReader(recorded, "run.json", ignored));
  ASSERT_TRUE(run.ok()) << run.status();
  run->run.mutable_start_time()->set_nanos(250'000'000);
  run->run.set_notes("tube 3, \"late\"");
  Reread again(RunDocument(run->run, run->id));
  const absl::StatusOr<ParsedRun> read = ParseRun(again.reader());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->id, "r25");
  EXPECT_TRUE(MessageDifferencer::Equals(read->run, run->run)) << read->run.DebugString();
  EXPECT_TRUE(again.warnings().empty());
}

TEST(CampaignDocumentsTest, AnOutcomeIsReadBackAsItWasAndWhatWasNotMeasuredStaysAbsent) {
  std::vector<std::string> ignored;
  const nlohmann::json recorded = RecordedDocument("runs/r25/outcome.json");
  const absl::StatusOr<v1::Outcome> whole =
      ParseOutcome(JsonReader(recorded, "outcome.json", ignored));
  ASSERT_TRUE(whole.ok()) << whole.status();
  v1::Outcome height;
  height.mutable_height_um()->set_value(0.1 + 0.2);
  height.mutable_height_um()->set_sd(1e-3);
  for (const v1::Outcome& outcome : {*whole, height, v1::Outcome()}) {
    Reread again(OutcomeDocument(outcome));
    const absl::StatusOr<v1::Outcome> read = ParseOutcome(again.reader());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(MessageDifferencer::Equals(*read, outcome)) << read->DebugString();
    EXPECT_TRUE(again.warnings().empty());
  }
}

}  // namespace
}  // namespace parallax::client
