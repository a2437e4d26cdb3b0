#include "server/security/audit_trail.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

AuditEvent Refusal(const std::string& identity, const std::string& code = "UNAUTHENTICATED") {
  return {.time = kNow,
          .identity = identity,
          .method = "/metrics",
          .target = "",
          .decision = Decision::kDenied,
          .code = code};
}

class AuditTrailTest : public FolderTest {
 protected:
  std::unique_ptr<AuditTrail> Open(const AuditTrailOptions& options) {
    return std::make_unique<AuditTrail>(
        AuditLog::Open(folder_ + "/audit.log").value(), options,
        [this](const absl::Status& status) { problems_.push_back(status); });
  }
  std::vector<nlohmann::json> Records() {
    std::vector<nlohmann::json> records;
    std::istringstream lines(base::ReadFile(folder_ + "/audit.log").value());
    for (std::string line; std::getline(lines, line);) {
      records.push_back(nlohmann::json::parse(line));
    }
    return records;
  }

  std::vector<absl::Status> problems_;
};

TEST_F(AuditTrailTest, RefusalsAreCountedByAFewReasonsWhateverTheirCodes) {
  const std::unique_ptr<AuditTrail> trail = Open({.gather = absl::Hours(1)});
  for (const char* code : {"UNAUTHENTICATED", "PERMISSION_DENIED", "PERMISSION_DENIED",
                           "RESOURCE_EXHAUSTED", "UNAVAILABLE", "NOT_FOUND", "INVALID_ARGUMENT"}) {
    trail->Denied(Refusal("ipv4:10.0.0.7", code));
  }
  const std::map<std::string, uint64_t> expected = {{"unauthenticated", 1},
                                                    {"permission denied", 2},
                                                    {"no room", 1},
                                                    {"unavailable", 1},
                                                    {"bad request", 2}};
  EXPECT_EQ(trail->counts().denied, expected);
}

TEST_F(AuditTrailTest, LikeRefusalsBecomeOneRecordThatCounts) {
  std::unique_ptr<AuditTrail> trail = Open({.gather = absl::Hours(1)});
  for (int i = 0; i < 1000; ++i) trail->Denied(Refusal("ipv4:10.0.0.7"));
  trail->Denied(Refusal("ipv4:10.0.0.8"));
  EXPECT_EQ(trail->counts().denied.at("unauthenticated"), 1001u);
  trail.reset();  // writes what waits
  const std::vector<nlohmann::json> records = Records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0]["identity"], "ipv4:10.0.0.7");
  EXPECT_EQ(records[0]["count"], 1000);
  EXPECT_EQ(records[1]["count"], 1);
  PARALLAX_EXPECT_OK(VerifyAuditLog(folder_ + "/audit.log", std::nullopt));
}

TEST_F(AuditTrailTest, TooManyDifferentOnesAreCountedTogether) {
  std::unique_ptr<AuditTrail> trail =
      Open({.gather = absl::Hours(1), .burst = 3, .refill = absl::Hours(1)});
  for (int i = 0; i < 100; ++i) trail->Denied(Refusal(absl::StrFormat("ipv4:10.0.0.%d", i)));
  trail.reset();
  uint64_t told = 0;
  for (const nlohmann::json& record : Records()) told += record["count"].get<uint64_t>();
  EXPECT_EQ(Records().size(), 4u);
  EXPECT_EQ(told, 100u);
}

TEST_F(AuditTrailTest, AnActIsOnDiskWhenItIsRecorded) {
  const std::unique_ptr<AuditTrail> trail = Open({.gather = absl::Hours(1)});
  AuditEvent act = Refusal("tokens/1");
  act.decision = Decision::kAllowed;
  PARALLAX_ASSERT_OK(trail->Record(act));
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0]["decision"], "ALLOWED");
  EXPECT_EQ(trail->counts().recorded, 1u);
}

TEST_F(AuditTrailTest, ALogThatCannotBeWrittenIsToldOnceAndCounted) {
  std::unique_ptr<AuditTrail> trail = Open({.gather = absl::Hours(1)});
  // The head is renamed into a folder that is gone.
  std::filesystem::rename(folder_, folder_ + ".away");
  EXPECT_FALSE(trail->Record(Refusal("tokens/1")).ok());
  EXPECT_FALSE(trail->Record(Refusal("tokens/1")).ok());
  EXPECT_FALSE(trail->health().ok());
  EXPECT_EQ(trail->counts().unrecorded, 2u);
  EXPECT_EQ(problems_.size(), 1u);
  trail.reset();
  std::filesystem::rename(folder_ + ".away", folder_);
}

}  // namespace
}  // namespace parallax::server::security
