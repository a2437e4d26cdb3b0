#include "core/pipeline/divergences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/pipeline/divergence_codec.h"
#include "core/pipeline/run_windows.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::HasSubstr;

/// A signal whose runs are independent normal about `mean`, without windows.
ComparedSignal Signal(Eigen::Index runs, Eigen::Index dimensions, double mean, uint64_t seed) {
  base::Random random(seed, 3);
  ComparedSignal signal{.signal = "pyro/pyro_t",
                        .observable = "pyro_t",
                        .places = {},
                        .assumed = {.scores = {runs, dimensions}, .windows = {}},
                        .fitted = std::nullopt,
                        .twins = IndependentTwins(runs, dimensions, 0, 1)};
  for (double& score : signal.assumed.scores.reshaped()) score = mean + random.Normal();
  return signal;
}

/// The same with ten windows of 60 s of phase "grow" and a shift of every run from one of them on.
ComparedSignal WithWindows(Eigen::Index runs, Eigen::Index opens, double shift, uint64_t seed) {
  ComparedSignal signal = Signal(runs, 2, 0.0, seed);
  signal.twins = IndependentTwins(runs, 2, 10, 1);
  base::Random random(seed, 4);
  signal.assumed.windows.resize(runs, 10);
  for (double& score : signal.assumed.windows.reshaped()) score = random.Normal();
  signal.assumed.windows.rightCols(10 - opens).array() += shift;
  for (int w = 0; w < 10; ++w) signal.places.push_back({"grow", 60.0 * w, 60.0 * (w + 1)});
  return signal;
}

DivergenceFigures FiguresOf(const ComparedSignal& signal) {
  const absl::StatusOr<std::vector<SignalDivergence>> compared = CompareSignals({signal}, 1);
  EXPECT_TRUE(compared.ok()) << compared.status();
  return compared.ok() && compared->front().assumed ? *compared->front().assumed
                                                    : DivergenceFigures();
}

TEST(CompareSignals, AShiftByOneSdIsAsFarAsTheClosedFormsSay) {
  ComparedSignal signal = Signal(12, 1, 0.0, 1);
  signal.assumed.scores.setConstant(1.0);
  const DivergenceFigures figures = FiguresOf(signal);
  EXPECT_NEAR(figures.energy.value, 0.541807, 1e-6);
  EXPECT_NEAR(figures.energy_low, 0.541807, 1e-6);
  EXPECT_NEAR(figures.energy_high, 0.541807, 1e-6);
  EXPECT_NEAR(figures.transport.value, 1.0, 1e-6);
  EXPECT_NEAR(figures.kl.value, 0.5, 1e-6);
  EXPECT_NEAR(figures.js.value, 0.111421, 1e-6);
  EXPECT_LE(figures.p_value, 0.05);
  EXPECT_LE(figures.p_sign_flip, 0.005);
}

TEST(CompareSignals, ScatteredRunsGiveTheClosedFormsOnAverage) {
  // Displaced runs are N(1, 2²): a shift by one sd and a scatter of √3 sds.
  constexpr int kCampaigns = test_support::Replicates(8, 4);
  const ComparedSignal with_twins = Signal(60, 1, 0.0, 0);
  double mean = 0.0, squares = 0.0;
  int covered = 0;
  for (uint64_t seed = 0; seed < kCampaigns; ++seed) {
    base::Random random(seed, 5);
    ComparedSignal signal = with_twins;
    for (double& score : signal.assumed.scores.reshaped()) {
      score = 1.0 + std::sqrt(3.0) * random.Normal();
    }
    const DivergenceFigures figures = FiguresOf(signal);
    mean += figures.energy.value / kCampaigns;
    squares += figures.energy.value * figures.energy.value / kCampaigns;
    covered += figures.energy_low <= 0.534105 && 0.534105 <= figures.energy_high ? 1 : 0;
    EXPECT_GT(figures.mmd.value, figures.mmd.floor);
    EXPECT_GT(figures.kl.value, figures.kl.floor);
    EXPECT_GT(figures.js.value, figures.js.floor);
  }
  // A run is a pair with itself, which overstates 60 runs by E|r - r' + Z - Z'| - E|Z - Z'|
  // over 60.
  const double excess = (std::sqrt(2.0 * 4.0) - std::sqrt(2.0)) * std::sqrt(2.0 / M_PI) / 60.0;
  EXPECT_NEAR(mean, 0.534105 + excess, 4.0 * std::sqrt((squares - mean * mean) / kCampaigns));
  EXPECT_GE(covered, kCampaigns * 5 / 8);  // of a 90 % interval
}

TEST(CompareSignals, PValuesOfRightTwinsAreUniformAndFloorsHold) {
  constexpr int kTwins = test_support::Replicates(50, 20);
  for (const Eigen::Index dimensions : {1, 3}) {
    std::vector<double> p, p_flip;
    std::map<std::string, int> above;
    std::vector<ComparedSignal> signals;
    for (uint64_t seed = 0; seed < kTwins; ++seed) {
      const DivergenceFigures figures = FiguresOf(Signal(8, dimensions, 0.0, seed));
      p.push_back(figures.p_value);
      p_flip.push_back(figures.p_sign_flip);
      above["energy"] += figures.energy.value > figures.energy.floor;
      above["mmd"] += figures.mmd.value > figures.mmd.floor;
      above["transport"] += figures.transport.value > figures.transport.floor;
      above["kl"] += figures.kl.value > figures.kl.floor;
      above["js"] += figures.js.value > figures.js.floor;
    }
    for (std::vector<double>* values : {&p, &p_flip}) {
      std::sort(values->begin(), values->end());
      double worst = 0.0;
      for (size_t k = 0; k < values->size(); ++k) {
        worst = std::max(worst, std::abs((*values)[k] - (static_cast<double>(k) + 0.5) / kTwins));
      }
      EXPECT_LT(worst, 1.63 / std::sqrt(kTwins)) << dimensions;  // Kolmogorov-Smirnov at 1 %
    }
    // The floors of js and transport come from 199 twins, themselves uncertain.
    const double most = 0.05 * kTwins + 3.6 * std::sqrt(0.05 * 0.95 * kTwins);
    for (const auto& [name, count] : above) EXPECT_LE(count, most) << name << dimensions;
  }
}

TEST(CompareSignals, RunsThatAgreeBetterThanTheyNeedAreNoGap) {
  ComparedSignal signal = Signal(8, 2, 0.0, 7);
  signal.assumed.scores *= 0.1;
  const DivergenceFigures figures = FiguresOf(signal);
  EXPECT_LT(figures.energy.value, 0.02);
  EXPECT_GT(figures.p_value, 0.95);
}

TEST(CompareSignals, TheGapOpensWhereItWasPlanted) {
  const DivergenceFigures figures = FiguresOf(WithWindows(8, 6, 4.0, 3));
  ASSERT_TRUE(figures.opens.has_value());
  EXPECT_EQ(figures.opens->place.phase, "grow");
  EXPECT_EQ(figures.opens->place.from_s, 360.0);
  EXPECT_NEAR(figures.opens->mean_score, 4.0, 1.5);
  EXPECT_LE(figures.opens->p_value, 0.05);
  EXPECT_LE(figures.opens->p_sign_flip, 0.2);
  EXPECT_TRUE(figures.opens_missing.empty());
}

TEST(CompareSignals, FourRunsTellWhereTheGapOpensButCannotFlipTheirWindows) {
  const DivergenceFigures figures = FiguresOf(WithWindows(4, 6, 5.0, 3));
  ASSERT_TRUE(figures.opens.has_value());
  EXPECT_EQ(figures.opens->place.from_s, 360.0);
  EXPECT_TRUE(std::isnan(figures.opens->p_sign_flip));
}

TEST(CompareSignals, RightTwinsOpenSomewhereAsOftenAsTheLevelSays) {
  constexpr int kTwins = test_support::Replicates(100, 40);
  int opened = 0;
  for (uint64_t seed = 0; seed < kTwins; ++seed) {
    opened += FiguresOf(WithWindows(6, 0, 0.0, seed)).opens.has_value() ? 1 : 0;
  }
  EXPECT_GE(opened, 1);
  EXPECT_LE(opened, 0.05 * kTwins + 3.0 * std::sqrt(0.05 * 0.95 * kTwins));
}

TEST(CompareSignals, WhereNothingOpensTheReasonIsGiven) {
  ComparedSignal signal = Signal(8, 1, 0.0, 4);
  signal.kind = SignalKind::kOutcome;
  EXPECT_EQ(FiguresOf(signal).opens_missing, "measured after the run");
  signal.kind = SignalKind::kLatent;
  EXPECT_THAT(FiguresOf(signal).opens_missing, HasSubstr("all phases"));
  signal.kind = SignalKind::kChannel;
  EXPECT_THAT(FiguresOf(signal).opens_missing, HasSubstr("no stretch"));
  EXPECT_THAT(FiguresOf(WithWindows(8, 0, 0.0, 5)).opens_missing, HasSubstr("to one side"));
}

TEST(CompareSignals, AScoreThatIsNotFiniteIsRefused) {
  ComparedSignal signal = Signal(8, 1, 0.0, 4);
  signal.assumed.scores(2, 0) = std::nan("");
  EXPECT_EQ(CompareSignals({signal}, 1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CompareSignals, AdjustsOverSignalsButNotTheLatentSpace) {
  std::vector<ComparedSignal> signals;
  for (uint64_t k = 0; k < 4; ++k) signals.push_back(Signal(8, 1, 0.0, 50 + k));
  signals.push_back(Signal(8, 1, 5.0, 60));
  signals.push_back(Signal(8, 1, 5.0, 60));
  signals.back().kind = SignalKind::kLatent;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<SignalDivergence> compared,
                                CompareSignals(signals, 1));
  const DivergenceFigures& shifted = *compared[4].assumed;
  const DivergenceFigures& latent = *compared[5].assumed;
  EXPECT_NEAR(latent.p_value, 1.0 / (kRightTwins + 1.0), 1e-12);
  EXPECT_NEAR(shifted.p_value, 5.0 * latent.p_value, 1e-12);
  EXPECT_NEAR(shifted.p_sign_flip, 5.0 * latent.p_sign_flip, 1e-12);
  EXPECT_FALSE(compared[0].fitted.has_value());
  EXPECT_DOUBLE_EQ(compared[0].smallest_p_flip, 1.0 / 128.0);
}

TEST(CompareSignals, FewerThanFourRunsGiveAReasonAndNoFigure) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<SignalDivergence> compared,
                                CompareSignals({Signal(3, 1, 9.0, 1), Signal(4, 1, 9.0, 2)}, 1));
  EXPECT_THAT(compared[0].missing, HasSubstr("3 runs"));
  EXPECT_FALSE(compared[0].assumed.has_value());
  EXPECT_TRUE(compared[1].missing.empty());
  ASSERT_TRUE(compared[1].assumed.has_value());
}

TEST(CompareSignals, TheSameSeedGivesTheSameFigures) {
  ComparedSignal signal = WithWindows(8, 3, 2.0, 9);
  signal.fitted = signal.assumed;
  const auto encode = [&](uint64_t seed) {
    return EncodeDivergences({.signals = CompareSignals({signal}, seed).value(), .missing = ""})
        .dump();
  };
  EXPECT_EQ(encode(1), encode(1));
  EXPECT_NE(encode(1), encode(2));
}

TEST(EncodeDivergences, FiguresReadBackAndWhatDoesNotExistIsNull) {
  ComparedSignal few = Signal(2, 1, 0.0, 1);
  Divergences section{.signals = CompareSignals({WithWindows(8, 3, 4.0, 9), few}, 1).value(),
                      .missing = ""};
  section.signals[0].assumed->js = {};
  const nlohmann::json encoded = nlohmann::json::parse(EncodeDivergences(section).dump());
  const DivergenceFigures& figures = *section.signals[0].assumed;
  const nlohmann::json& first = encoded.at("signals")[0];
  EXPECT_EQ(first.at("kind"), "CHANNEL");
  EXPECT_EQ(first.at("transport"), "SLICED_W2");
  EXPECT_EQ(first.at("as_assumed").at("energy").at("value"), figures.energy.value);
  EXPECT_EQ(first.at("as_assumed").at("energy").at("high"), figures.energy_high);
  EXPECT_EQ(first.at("as_assumed").at("mmd2").at("floor"), figures.mmd.floor);
  EXPECT_TRUE(first.at("as_assumed").at("js").at("value").is_null());
  EXPECT_EQ(first.at("as_assumed").at("opens").at("phase"), "grow");
  EXPECT_EQ(first.at("as_assumed").at("opens").at("from_s"), figures.opens->place.from_s);
  EXPECT_TRUE(first.at("as_assumed").at("opens_missing").is_null());
  EXPECT_TRUE(first.at("at_fit").is_null());
  EXPECT_TRUE(first.at("missing").is_null());
  const nlohmann::json& second = encoded.at("signals")[1];
  EXPECT_TRUE(second.at("as_assumed").is_null());
  EXPECT_TRUE(second.at("transport").is_null());
  EXPECT_THAT(second.at("missing").get<std::string>(), HasSubstr("2 runs"));
}

signal::Recipe Recipe(const std::vector<std::pair<std::string, double>>& phases) {
  signal::Recipe recipe;
  double at_s = 0.0;
  for (const auto& [name, length_s] : phases) {
    recipe.segments.push_back({name, at_s, at_s + length_s, {}});
    at_s += length_s;
  }
  return recipe;
}

TEST(CutWindows, CountsFromEachRunsOwnPhaseAndKeepsWhatAllHave) {
  const signal::Recipe first = Recipe({{"heat", 100.0}, {"grow", 240.0}});
  const signal::Recipe second = Recipe({{"heat", 400.0}, {"grow", 400.0}});
  const Eigen::VectorXd early{{120.0, 170.0, 220.0, 270.0, 320.0}};  // every 50 s
  const Eigen::VectorXd late{{430.0, 470.0, 510.0, 550.0, 590.0, 700.0}};
  const CommonWindows windows = CutWindows({{&first, early}, {&second, late}});
  ASSERT_EQ(windows.places.size(), 4u);  // 54 s wide: the second run's mean spacing
  for (size_t w = 0; w < 4; ++w) {
    EXPECT_EQ(windows.places[w].phase, "grow");
    EXPECT_DOUBLE_EQ(windows.places[w].from_s, 54.0 * static_cast<double>(w));
    EXPECT_DOUBLE_EQ(windows.places[w].until_s, 54.0 * static_cast<double>(w + 1));
  }
  EXPECT_EQ(windows.window_of[0], (std::vector<int>{0, 1, 2, 3, -1}));
  EXPECT_EQ(windows.window_of[1], (std::vector<int>{0, 1, 2, 2, 3, -1}));
}

TEST(CutWindows, APhaseThatARunLacksIsLeftOutAndRepeatedOnesAreKeptApart) {
  const signal::Recipe first = Recipe({{"hold", 60.0}, {"pulse", 60.0}, {"hold", 60.0}});
  const signal::Recipe second = Recipe({{"hold", 90.0}, {"purge", 10.0}, {"hold", 60.0}});
  const CommonWindows windows = CutWindows(
      {{&first, Eigen::VectorXd{{30.0, 90.0, 150.0}}}, {&second, Eigen::VectorXd{{50.0, 120.0}}}});
  ASSERT_EQ(windows.places.size(), 2u);
  EXPECT_EQ(windows.window_of[0], (std::vector<int>{0, -1, 1}));
  EXPECT_EQ(windows.window_of[1], (std::vector<int>{0, 1}));
  EXPECT_TRUE(CutWindows({}).places.empty());
}

TEST(CutWindows, SegmentsOfOneNameInARowAreOnePhase) {
  const signal::Recipe whole = Recipe({{"grow", 240.0}});
  const signal::Recipe halves = Recipe({{"grow", 120.0}, {"grow", 120.0}});
  const Eigen::VectorXd time_s{{30.0, 90.0, 150.0, 210.0}};
  const CommonWindows windows = CutWindows({{&whole, time_s}, {&halves, time_s}});
  EXPECT_EQ(windows.places.size(), 4u);
  EXPECT_EQ(windows.window_of[0], windows.window_of[1]);
}

}  // namespace
}  // namespace parallax::pipeline
