#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace parallax::server::security {

/// When tests of security take place.
inline const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

inline constexpr auto kUnauthenticated = absl::StatusCode::kUnauthenticated;
inline constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

/// Has an empty folder of its own for each test, `folder_`.
class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = ::testing::TempDir() + "/" + test.test_suite_name() + "_" + test.name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

}  // namespace parallax::server::security
