#include "client/lib/explain_divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/explain_support.h"

namespace parallax::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A section of three signals: one that opens, one that differs on no side, one without figures.
Json SomeDivergences() {
  const Json figures = Json::parse(R"({
    "energy": {"value": 4.567, "low": 3.0, "high": 6.0, "floor": 0.3},
    "mmd2": {"value": 0.4321, "floor": 0.05}, "transport": {"value": 2.5, "floor": 0.9},
    "kl": {"value": 3.25, "floor": 0.8}, "js": {"value": 0.41, "floor": 0.2},
    "p_value": 0.004, "p_sign_flip": 0.0625,
    "opens": {"phase": "grow", "from_s": 45.0, "until_s": 90.0, "mean_score": -4.2,
              "p_value": 0.008},
    "opens_missing": null})");
  Json calm = figures;
  calm["energy"]["value"] = 0.012;
  calm["p_value"] = 0.6;
  Json scattered = figures;
  scattered["opens"] = nullptr;
  scattered["opens_missing"] = "in no stretch do the runs leave the prediction to one side";
  return {{"unit", "run"},
          {"missing", nullptr},
          {"signals",
           {{{"signal", "pyro/pyro_t"},
             {"kind", "CHANNEL"},
             {"as_assumed", figures},
             {"at_fit", calm},
             {"missing", nullptr}},
            {{"signal", "forest/height"},
             {"kind", "CHANNEL"},
             {"as_assumed", scattered},
             {"at_fit", scattered},
             {"missing", nullptr}},
            {{"signal", "gas/p_h2o"},
             {"kind", "CHANNEL"},
             {"as_assumed", calm},
             {"at_fit", calm},
             {"missing", nullptr}},
            {{"signal", "outcome/rbm"},
             {"kind", "RAMAN"},
             {"as_assumed", nullptr},
             {"at_fit", nullptr},
             {"missing", "no run measured it"}}}}};
}

TEST(ExplainDivergenceTest, AreATableAndASentenceForEachSignalThatDiffers) {
  Json report = FullReport();
  report["divergences"] = SomeDivergences();
  EXPECT_THAT(
      Explained(report),
      AllOf(HasSubstr("signal energy at fit floor MMD2 W KL JS p "
                      "pyro/pyro_t 4.57 0.012 0.3 0.432 2.5 3.25 0.41 0.004"),
            HasSubstr("- pyro/pyro_t: opens in `grow`, 45 to 90 s after its start, measured below "
                      "predicted; gone at the fit."),
            HasSubstr("- forest/height: differs (in no stretch do the runs leave the prediction to "
                      "one side); still differs at the fit."),
            HasSubstr("- outcome/rbm: not compared: no run measured it."),
            Not(HasSubstr("- gas/p_h2o")), Not(HasSubstr("None is further off"))));
  EXPECT_EQ(ExplanationJson(report).at("divergences"), report.at("divergences"));
}

TEST(ExplainDivergenceTest, WithoutACalibrationHaveNoColumnForItAndMayAllAgree) {
  Json report = FullReport();
  Json agrees = SomeDivergences()["signals"][2];
  agrees["at_fit"] = nullptr;
  report["divergences"] = {
      {"unit", "run"}, {"missing", nullptr}, {"signals", Json::array({agrees})}};
  EXPECT_THAT(Explained(report), AllOf(HasSubstr("signal energy floor MMD2 W KL JS p "
                                                 "gas/p_h2o 0.012 0.3 0.432 2.5 3.25 0.41 0.6"),
                                       HasSubstr("None is further off than right twins are."),
                                       Not(HasSubstr("At fit:"))));
}

TEST(ExplainDivergenceTest, OfTooFewRunsAreOneReasonAndOlderReportsHaveNone) {
  Json report = FullReport();
  EXPECT_THAT(Explained(report), Not(HasSubstr("How measured runs differ")));
  report["divergences"] = {{"unit", "run"},
                           {"missing", "runs are compared as wholes, which takes 4; there are 2"},
                           {"signals", Json::array()}};
  EXPECT_THAT(
      Explained(report),
      HasSubstr(
          "Not compared run by run: runs are compared as wholes, which takes 4; there are 2."));
}

}  // namespace
}  // namespace parallax::client
