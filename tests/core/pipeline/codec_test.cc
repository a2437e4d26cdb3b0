#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <set>

#include "core/base/random.h"
#include "core/pipeline/canonical_json.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/report_codec.h"
#include "tests/core/pipeline/analysis_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;
using parallax::testing::StatusIs;

calibration::ParameterSet SomeSet() {
  calibration::ParameterSet set;
  set.values = {{.parameter = "U",
                 .value = 0.1 + 0.2,
                 .sd = 1e-300,
                 .assumed = 10.0,
                 .unit = "W/m2/K",
                 .calibrated = true,
                 .spread = 0.25},
                {.parameter = "eta", .run = "IFrun073", .value = -0.0, .unit = "1"}};
  set.covariance = Eigen::Matrix2d{{1.0 / 3.0, -1e-17}, {-1e-17, 2.0}};
  set.validity = {{"board/T1", {290.0, 350.5}}};
  set.provenance = {.twin = "two_heater",
                    .twin_digest = "ab",
                    .run_digests = {{"b", "02"}, {"a", "01"}},
                    .run_ranges = {{"a", {.samples = 7, .first_unix_ns = -1, .last_unix_ns = 9}}},
                    .method = "parallax-analysis/0",
                    .cleaning = {{"hampel_threshold", 3.0}},
                    .solver = {{"max_iterations", 40.0}},
                    .options_digest = "cd",
                    .seed = UINT64_MAX,
                    .version = "0.1.0"};
  return set;
}

TEST(ParameterSetCodecTest, ASetSurvivesBitForBit) {
  const calibration::ParameterSet set = SomeSet();
  const std::string bytes = EncodeParameterSet(set);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::ParameterSet decoded, DecodeParameterSet(bytes));
  EXPECT_EQ(EncodeParameterSet(decoded), bytes);
  ASSERT_EQ(decoded.values.size(), 2u);
  EXPECT_EQ(decoded.values[0].value, 0.1 + 0.2);
  EXPECT_EQ(decoded.values[0].sd, 1e-300);
  EXPECT_TRUE(decoded.values[0].calibrated);
  EXPECT_EQ(decoded.values[0].spread, 0.25);
  EXPECT_TRUE(decoded.values[0].run.empty());
  EXPECT_EQ(decoded.values[1].run, "IFrun073");
  EXPECT_TRUE(std::signbit(decoded.values[1].value));
  EXPECT_EQ(decoded.covariance, set.covariance);
  EXPECT_EQ(decoded.validity, set.validity);
  EXPECT_EQ(decoded.provenance.seed, UINT64_MAX);
  EXPECT_EQ(decoded.provenance.run_digests, set.provenance.run_digests);
  EXPECT_EQ(decoded.provenance.run_ranges.at("a").first_unix_ns, -1);
  EXPECT_EQ(decoded.provenance.cleaning, set.provenance.cleaning);
}

TEST(ParameterSetCodecTest, ASetOfAnOlderProgramSaysLessOfHowItWasMade) {
  json older = json::parse(EncodeParameterSet(SomeSet()));
  for (const char* added : {"run_ranges", "method", "cleaning", "solver"}) {
    older["provenance"].erase(added);
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::ParameterSet decoded,
                                DecodeParameterSet(older.dump()));
  EXPECT_EQ(decoded.provenance.twin_digest, "ab");
  EXPECT_TRUE(decoded.provenance.run_ranges.empty());
  EXPECT_TRUE(decoded.provenance.method.empty());
}

TEST(ParameterSetCodecTest, AnyFiniteDoubleReadsBackToItsBits) {
  base::Random random(3, 3);
  for (int i = 0; i < 2000; ++i) {
    const auto value = std::bit_cast<double>((uint64_t{random()} << 32) | random());
    if (!std::isfinite(value)) continue;
    calibration::ParameterSet set;
    set.values = {{.parameter = "U", .value = value, .unit = "1"}};
    PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::ParameterSet decoded,
                                  DecodeParameterSet(EncodeParameterSet(set)));
    ASSERT_EQ(std::bit_cast<uint64_t>(decoded.values[0].value), std::bit_cast<uint64_t>(value));
  }
}

TEST(ParameterSetCodecTest, AnEmptySetSurvives) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::ParameterSet decoded,
                                DecodeParameterSet(EncodeParameterSet({})));
  EXPECT_TRUE(decoded.values.empty());
  EXPECT_EQ(decoded.covariance.size(), 0);
}

TEST(ParameterSetCodecTest, AValueOfASetThatKnewNoSpreadHasNone) {
  json old = json::parse(EncodeParameterSet(SomeSet()));
  for (json& value : old.at("values")) value.erase("spread");
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::ParameterSet decoded,
                                DecodeParameterSet(old.dump()));
  EXPECT_EQ(decoded.values[0].spread, 0.0);
  EXPECT_EQ(decoded.values[0].value, 0.1 + 0.2);
}

TEST(ParameterSetCodecTest, BytesThatAreNoSetAreDataLoss) {
  const std::string good = EncodeParameterSet(SomeSet());
  for (const std::string& bytes :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
        std::string("\xff\xfe"), std::string(R"({"schema":"parallax-parameter-set/9"})"),
        std::string(R"({"schema":"parallax-parameter-set/1","values":7})"),
        good.substr(0, good.size() / 2)}) {
    EXPECT_THAT(DecodeParameterSet(bytes).status(), StatusIs(absl::StatusCode::kDataLoss)) << bytes;
  }
}

TEST(ParameterSetCodecTest, AMissingOrMistypedFieldIsDataLoss) {
  const json good = json::parse(EncodeParameterSet(SomeSet()));
  for (const auto& [key, value] : good.items()) {
    json without = good;
    without.erase(key);
    EXPECT_THAT(DecodeParameterSet(without.dump()).status(), StatusIs(absl::StatusCode::kDataLoss))
        << key;
    json mistyped = good;
    mistyped[key] = true;
    EXPECT_THAT(DecodeParameterSet(mistyped.dump()).status(), StatusIs(absl::StatusCode::kDataLoss))
        << key;
  }
  json ragged = good;
  ragged["covariance"] = json::array({json::array({1.0}), json::array({1.0, 2.0})});
  EXPECT_THAT(DecodeParameterSet(ragged.dump()).status(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ParameterSetCodecTest, CutOrFlippedBytesNeverCrash) {
  const std::string good = EncodeParameterSet(SomeSet());
  base::Random random(8, 8);
  for (int i = 0; i < 500; ++i) {
    std::string bad = good;
    bad[random.Below(bad.size())] = static_cast<char>(random.Below(256));
    const absl::StatusOr<calibration::ParameterSet> decoded = DecodeParameterSet(bad);
    if (decoded.ok()) continue;
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(CanonicalJsonTest, KeysAreSortedWithoutWhiteSpaceAndDoublesShortest) {
  EXPECT_EQ(CanonicalJson({{"b", 0.1}, {"a", json::array({1, 2.5})}}), R"({"a":[1,2.5],"b":0.1})");
}

TEST(CanonicalJsonTest, AFigureThatDoesNotExistIsNull) {
  EXPECT_TRUE(JsonNumber(std::numeric_limits<double>::quiet_NaN()).is_null());
  EXPECT_TRUE(JsonNumber(-std::numeric_limits<double>::infinity()).is_null());
  EXPECT_EQ(JsonNumber(0.5), 0.5);
}

void CollectKeys(const json& value, std::set<std::string>* keys) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      keys->insert(key);
      CollectKeys(inner, keys);
    }
  } else if (value.is_array()) {
    for (const json& inner : value) CollectKeys(inner, keys);
  }
}

TEST(ReportCodecTest, AReportIsItsOwnCanonicalForm) {
  const std::string& bytes = testing::CampaignResult().report_json;
  EXPECT_EQ(CanonicalJson(json::parse(bytes)), bytes);
  EXPECT_EQ(json::parse(bytes).at("schema"), "parallax-report/1");
}

TEST(ReportCodecTest, AReportHoldsNoWallClockDurationOrAttempt) {
  std::set<std::string> keys;
  CollectKeys(testing::CampaignReport(), &keys);
  for (const std::string& key : keys) {
    for (const char* banned : {"time", "seconds", "receive", "attempt", "duration", "job"}) {
      EXPECT_EQ(key.find(banned), std::string::npos) << key;
    }
  }
  EXPECT_GT(keys.size(), 40u);
}

TEST(ReportCodecTest, FiguresThatDoNotExistAreNull) {
  Report report{.rig = "r", .twin = "two_heater"};
  report.gap.value = std::numeric_limits<double>::quiet_NaN();
  report.calibrated = {{.parameter = "U", .value = 1.0, .sd = std::nan(""), .unit = "1"}};
  const json encoded = json::parse(EncodeReport(report));
  EXPECT_TRUE(encoded.at("gap").at("value").is_null());
  EXPECT_TRUE(encoded.at("gap").at("low").is_null());
  EXPECT_TRUE(encoded.at("gap").at("mean_square").at("before").is_null());
  EXPECT_TRUE(encoded.at("calibrated").at(0).at("sd").is_null());
  EXPECT_TRUE(encoded.at("calibrated").at(0).at("run").is_null());
  EXPECT_TRUE(encoded.at("calibrated").at(0).at("prior_low_90").is_null());
  EXPECT_TRUE(encoded.at("validation").at("coverage_90").is_null());
  EXPECT_TRUE(encoded.at("unexplained").is_null());
}

}  // namespace
}  // namespace parallax::pipeline
