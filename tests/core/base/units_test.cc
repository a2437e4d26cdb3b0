#include "core/base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/status_matchers.h"

namespace parallax::base {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

double SiOf(std::string_view code, double value) { return ToSi(FindUnit(code).value(), value); }

TEST(Units, ConvertsKnownQuantities) {
  EXPECT_DOUBLE_EQ(SiOf("Cel", 0.0), 273.15);
  EXPECT_DOUBLE_EQ(SiOf("Cel", 1460.0), 1733.15);
  EXPECT_NEAR(SiOf("[degF]", 212.0), 373.15, 1e-12);
  EXPECT_NEAR(SiOf("[degF]", -40.0), 233.15, 1e-12);
  EXPECT_NEAR(SiOf("mL/min", 60.0), 1e-6, 1e-20);
  EXPECT_NEAR(SiOf("mm[Hg]", 760.0), 101325.0, 0.5);
  EXPECT_DOUBLE_EQ(SiOf("%", 50.0), 0.5);
  EXPECT_DOUBLE_EQ(SiOf("1/cm", 271.0), 27100.0);
  EXPECT_DOUBLE_EQ(SiOf("deg", 180.0), 3.14159265358979323846);
}

TEST(Units, ADifferenceOfTemperatureHasNoOffset) {
  EXPECT_DOUBLE_EQ(DifferenceToSi(FindUnit("Cel").value(), 0.5), 0.5);
  EXPECT_DOUBLE_EQ(DifferenceToSi(FindUnit("[degF]").value(), 9.0), 5.0);
  EXPECT_DOUBLE_EQ(DifferenceFromSi(FindUnit("[degF]").value(), 5.0), 9.0);
}

TEST(Units, EveryCodeGoesToSiAndBack) {
  for (const Unit& unit : AllUnits()) {
    for (const double value : {-3.5, 0.0, 1.0, 812.25}) {
      const double back = FromSi(unit, ToSi(unit, value));
      EXPECT_NEAR(back, value, 1e-12 * (1.0 + std::abs(unit.offset / unit.scale))) << unit.code;
      EXPECT_NEAR(DifferenceFromSi(unit, DifferenceToSi(unit, value)), value, 1e-12) << unit.code;
    }
  }
}

TEST(Units, CodesAreUniqueAndFindThemselves) {
  std::set<std::string> codes;
  for (const Unit& unit : AllUnits()) {
    EXPECT_TRUE(codes.insert(std::string(unit.code)).second) << unit.code;
    EXPECT_EQ(FindUnit(unit.code).value().code, unit.code);
  }
  EXPECT_GE(codes.size(), 50u);
}

TEST(Units, EveryDimensionHasItsCoherentSiUnit) {
  for (const Unit& unit : AllUnits()) {
    const Unit si = FindUnit(SiCode(unit.dimension)).value();
    EXPECT_EQ(si.dimension, unit.dimension) << unit.code;
    EXPECT_EQ(si.scale, 1.0) << unit.code;
    EXPECT_EQ(si.offset, 0.0) << unit.code;
  }
}

struct Suggestion {
  std::string wrong;
  std::string right;
};

class UnitSuggestions : public ::testing::TestWithParam<Suggestion> {};

TEST_P(UnitSuggestions, NamesTheRightCode) {
  const std::string hint = "did you mean \"" + GetParam().right + "\"";
  EXPECT_THAT(FindUnit(GetParam().wrong),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(hint)));
}

INSTANTIATE_TEST_SUITE_P(Wrong, UnitSuggestions,
                         ::testing::Values(Suggestion{"degC", "Cel"}, Suggestion{"C", "Cel"},
                                           Suggestion{"cel", "Cel"}, Suggestion{"°C", "Cel"},
                                           Suggestion{"degF", "[degF]"},
                                           Suggestion{"sccm", "mL/min"},
                                           Suggestion{"Torr", "mm[Hg]"}, Suggestion{"percent", "%"},
                                           Suggestion{"µm", "um"}, Suggestion{"μm", "um"},
                                           Suggestion{"ml/min", "mL/min"}, Suggestion{"pa", "Pa"},
                                           Suggestion{"ohm", "Ohm"}, Suggestion{"l/min", "L/min"}));

TEST(Units, AStandardFlowIsToldToStateItsReference) {
  EXPECT_THAT(FindUnit("sccm"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("temperature_k")));
}

TEST(Units, ACodeLikeNoneIsRefusedWithoutAGuess) {
  const auto result = FindUnit("furlong/fortnight");
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("furlong")));
  EXPECT_THAT(result.status().ToString(), ::testing::Not(HasSubstr("did you mean")));
}

}  // namespace
}  // namespace parallax::base
