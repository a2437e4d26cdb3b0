#include "client/lib/campaign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "client/lib/names.h"
#include "client/lib/status.h"

namespace parallax::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

/// A small valid campaign on disk, which each test spoils in one place.
class CampaignTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "campaign_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    Write("campaign.json", R"({"format": "parallax-campaign/1", "id": "c", "title": "t",
      "description": "d", "rig": "r", "twin": "two_heater", "assumptions": {"U": 10},
      "splits": {"calibrate": ["a"], "validate": ["b"]}, "origin": "o"})");
    Write("rig.json", R"({"id": "r", "kind": "two_heater", "geometry": {"ambient_k": 296.15},
      "devices": [{"id": "board", "channels": [{"id": "T1", "quantity": "temperature",
      "unit": "Cel", "role": "measured", "rate_hz": 1, "noise_sd": 0.5, "resolution": 0.03,
      "range": [-40, 125], "zone": 2}]}]})");
    for (const char* run : {"a", "b"}) {
      Write(std::string("runs/") + run + "/run.json",
            std::string(R"({"id": ")") + run + R"(", "started_at": "2018-03-01T15:00:00.25Z",
        "segments": [{"name": "up", "start_s": 0, "end_s": 9,
                      "setpoints": {"Q1": 50, "Q2": {"ramp_to": 80}}}],
        "substrate": null, "catalyst": null, "notes": "n"})");
      Write(std::string("runs/") + run + "/board.csv", "time_ns,T1\n1520000000000000000,20.5\n");
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& file, const std::string& text) {
    const fs::path path = fs::path(folder_) / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  void Remove(const std::string& file) { fs::remove_all(fs::path(folder_) / file); }
  std::string ErrorOf(absl::StatusCode code) {
    const absl::StatusOr<Campaign> campaign = LoadCampaign(folder_);
    EXPECT_EQ(campaign.status().code(), code) << campaign.status();
    detail_ = DetailOf(campaign.status()).value_or(v1::ErrorDetail());
    return std::string(campaign.status().message());
  }

  std::string folder_;
  v1::ErrorDetail detail_;  ///< of the last ErrorOf
};

TEST_F(CampaignTest, ReadsEveryPartIntoProto) {
  const absl::StatusOr<Campaign> campaign = LoadCampaign(folder_);
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  EXPECT_THAT(campaign->warnings, IsEmpty());
  EXPECT_EQ(campaign->manifest.assumptions.at("U"), 10.0);
  EXPECT_EQ(campaign->rig.twin(), "two_heater");
  EXPECT_EQ(campaign->rig.devices(0).channels(0).attributes().at("zone"), 2.0);
  EXPECT_EQ(campaign->rig.devices(0).channels(0).range_low(), -40.0);
  ASSERT_EQ(campaign->runs.size(), 2U);
  const v1::Run& run = campaign->runs[1].open.run();
  EXPECT_EQ(campaign->runs[1].open.run_id(), "b");
  EXPECT_EQ(run.split(), v1::RUN_SPLIT_VALIDATE);
  EXPECT_EQ(run.start_time().seconds(), 1519916400);
  EXPECT_EQ(run.start_time().nanos(), 250000000);
  EXPECT_FALSE(run.segments(0).setpoints().at("Q1").ramp());
  EXPECT_TRUE(run.segments(0).setpoints().at("Q2").ramp());
  EXPECT_FALSE(run.has_substrate());
  EXPECT_FALSE(campaign->runs[0].outcome.has_value());
  EXPECT_EQ(campaign->samples, 2U);
}

TEST_F(CampaignTest, ReadsOutcomesWhosePartsMayBeAbsent) {
  Write("runs/a/outcome.json", R"({"measured_at": "2025-05-18T04:04:51Z",
    "chirality": {"method": "PL", "counts": 412,
                  "shares": [{"n": 6, "m": 5, "share": 1, "sd": 0.03}]},
    "raman": {"laser_nm": 532, "rbm": [{"shift_per_cm": 271.2, "intensity": 0.41, "sd": 0.04}]}})");
  const absl::StatusOr<Campaign> campaign = LoadCampaign(folder_);
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  ASSERT_TRUE(campaign->runs[0].outcome.has_value());
  const v1::Outcome& outcome = *campaign->runs[0].outcome;
  EXPECT_EQ(outcome.chirality(0).n(), 6);
  EXPECT_EQ(outcome.chirality_counts(), 412.0);
  EXPECT_FALSE(outcome.has_height_um());
  EXPECT_FALSE(outcome.has_raman_d_over_g());
  EXPECT_EQ(outcome.raman_rbm(0).shift_per_cm(), 271.2);
}

TEST_F(CampaignTest, MissingFilesAreNamed) {
  Remove("runs/b/board.csv");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kNotFound),
              HasSubstr("runs/b/board.csv: file is missing; rig.json has a device \"board\""));
  EXPECT_THAT(detail_.field(), ::testing::EndsWith("runs/b/board.csv"));
  EXPECT_THAT(detail_.next_step(), HasSubstr("board"));
  Remove("runs/b/run.json");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kNotFound), HasSubstr("runs/b/run.json: file is missing"));
  Remove("rig.json");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kNotFound), HasSubstr("rig.json: file is missing"));
  Remove("campaign.json");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kNotFound), HasSubstr("campaign.json: file is missing"));
}

TEST_F(CampaignTest, SplitRunWithoutFolderIsNamed) {
  Remove("runs/b");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kNotFound),
              HasSubstr("campaign.json: splits name run \"b\", but there is no folder"));
  EXPECT_EQ(detail_.value(), "b");
  EXPECT_THAT(detail_.next_step(), HasSubstr("did you mean \"a\"?"));
}

TEST_F(CampaignTest, RunInBothSplitsIsRefused) {
  Write("campaign.json", R"({"format": "parallax-campaign/1", "id": "c", "rig": "r", "twin": "t",
    "splits": {"calibrate": ["a"], "validate": ["a"]}})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument), HasSubstr("run \"a\" twice"));
}

TEST_F(CampaignTest, WrongTypesAreNamedWithPathAndValue) {
  Write("campaign.json", R"({"format": "parallax-campaign/1", "id": "c", "rig": "r", "twin": "t",
    "assumptions": {"U": "ten"}, "splits": {"calibrate": ["a"]}})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument),
              HasSubstr("campaign.json: assumptions.U: is \"ten\", must be a number"));
  SetUp();
  Write("rig.json", R"({"id": "r", "kind": "k", "geometry": {}, "devices": [{"id": "board",
    "channels": [{"id": "T1", "unit": 3, "role": "measured", "range": [0, 1]}]}]})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument),
              HasSubstr("rig.json: devices[0].channels[0].unit: is 3, must be a string"));
}

TEST_F(CampaignTest, BrokenJsonIsNamedWithLineAndColumn) {
  Write("rig.json", "{\n \"id\": \"r\",,\n}");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument),
              HasSubstr("rig.json: line 2, column 12"));
  EXPECT_THAT(detail_.field(), ::testing::EndsWith("rig.json: line 2, column 12"));
  EXPECT_EQ(detail_.bound(), "JSON");
  Write("rig.json", R"({"id": "r", "id": "s"})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument), HasSubstr("\"id\" stands twice"));
}

TEST_F(CampaignTest, JsonThatWouldTakeAllTheStackToPrintIsRefused) {
  const std::string open(100'000, '[');
  const std::string shut(100'000, ']');
  Write("rig.json", R"({"id": )" + open + shut + "}");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument), HasSubstr("nested at most 64 deep"));
  Write("rig.json", R"({"id": )" + std::string(60, '[') + std::string(60, ']') + "}");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument), HasSubstr("must be a string"));
}

TEST_F(CampaignTest, ADeviceNamesAFileOfTheRunAndNoOther) {
  Write("rig.json", R"({"id": "r", "kind": "k", "geometry": {}, "devices": [{"id": "../a/board",
    "channels": [{"id": "T1", "unit": "Cel", "role": "measured", "range": [0, 1]}]}]})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument),
              HasSubstr("rig.json: devices[0].id: is \"../a/board\""));
}

TEST(IsFileName, StaysInItsFolder) {
  for (const char* name : {"board", "r-1", "a.b", "heater 1"})
    EXPECT_TRUE(IsFileName(name)) << name;
  for (const char* name : {"", ".", "..", "../a", "/etc/a", "a/b", ".hidden"}) {
    EXPECT_FALSE(IsFileName(name)) << name;
  }
  EXPECT_FALSE(IsFileName(std::string("a\0b", 3)));
}

TEST_F(CampaignTest, OtherFormatsAndOtherNamesAreRefused) {
  Write("campaign.json", R"({"format": "parallax-campaign/2", "id": "c"})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument),
              HasSubstr("format: is \"parallax-campaign/2\", must be \"parallax-campaign/1\""));
  SetUp();
  Write("runs/a/run.json", R"({"id": "z", "started_at": "2018-03-01T15:00:00Z", "segments": []})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument), HasSubstr("is \"z\", must be \"a\""));
}

TEST_F(CampaignTest, AMissingKeyAndAnEmptyCsvSayWhatToDo) {
  Write("runs/a/board.csv", "");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument), HasSubstr("board.csv: is empty"));
  EXPECT_EQ(detail_.value(), "empty");
  EXPECT_NE(detail_.next_step(), "");
  Write("campaign.json", R"({"format": "parallax-campaign/1", "id": "c", "rigg": "r", "twin": "t",
    "splits": {"calibrate": ["a"]}})");
  EXPECT_THAT(ErrorOf(absl::StatusCode::kInvalidArgument), HasSubstr("key \"rig\" is missing"));
  EXPECT_THAT(detail_.field(), ::testing::EndsWith("campaign.json: rig"));
  EXPECT_EQ(detail_.next_step(), "is \"rigg\" meant to be \"rig\"?");
}

TEST_F(CampaignTest, WhatNothingReadsIsSaid) {
  Write("runs/a/truth.csv", "x\n");
  Write("campaign.json", R"({"format": "parallax-campaign/1", "id": "c", "rig": "r", "twin": "t",
    "asumptions": {"U": 1}, "splits": {"calibrate": ["a"]}})");
  const absl::StatusOr<Campaign> campaign = LoadCampaign(folder_);
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  EXPECT_THAT(campaign->warnings, ElementsAre(HasSubstr("\"asumptions\""), HasSubstr("truth.csv")));
}

}  // namespace
}  // namespace parallax::client
