#include "core/pipeline/provenance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <utility>

#include "core/pipeline/fit.h"
#include "core/signal/clean.h"
#include "tests/core/pipeline/pipeline_fixture.h"

namespace parallax::pipeline {
namespace {

using testing::Assumptions;
using testing::BoardRig;
using testing::SimulateBoard;
using testing::TwoHeater;
using testing::Values;

signal::RunRecord ShortRun(uint64_t seed, const std::string& id) {
  return SimulateBoard(BoardRig(),
                       {.truth = Values(TwoHeater()), .duration_s = 60.0, .seed = seed, .id = id});
}

calibration::Provenance ProvenanceOf(const std::vector<signal::RunRecord>& calibrate,
                                     uint64_t seed = 7,
                                     const calibration::LeastSquaresOptions& solver = {}) {
  const signal::Rig rig = BoardRig();
  const calibration::ParameterSet base = Assumptions(TwoHeater());
  const std::vector<signal::RunRecord> validate = {ShortRun(9, "held out")};
  return MakeProvenance({.rig = rig,
                         .twin = TwoHeater(),
                         .base = base,
                         .calibrate_runs = calibrate,
                         .validate_runs = validate,
                         .seed = seed},
                        solver);
}

TEST(ProvenanceTest, NamesAllThatASetIsMadeFrom) {
  const signal::RunRecord run = ShortRun(1, "a");
  const calibration::Provenance made = ProvenanceOf({run, ShortRun(2, "b")});
  EXPECT_EQ(made.twin, "two_heater");
  EXPECT_EQ(made.twin_digest, twin::Digest(TwoHeater().description()));
  EXPECT_EQ(made.seed, 7u);
  EXPECT_EQ(made.version, PARALLAX_VERSION);
  ASSERT_EQ(made.run_digests.size(), 2u) << "a held-out run informs nothing";
  EXPECT_EQ(made.run_digests.at("a").size(), 64u);
  EXPECT_NE(made.run_digests.at("a"), made.run_digests.at("b"));
  const calibration::SampleRange& range = made.run_ranges.at("a");
  EXPECT_EQ(range.first_unix_ns, run.series[0].time_unix_ns.front());
  EXPECT_EQ(range.last_unix_ns, run.series[0].time_unix_ns.back());
  EXPECT_EQ(range.samples,
            static_cast<int64_t>(run.series.size() * run.series[0].time_unix_ns.size()));
  EXPECT_EQ(made.cleaning.at("hampel_half_window"), signal::CleanOptions{}.hampel_half_window);
  EXPECT_EQ(made.solver.at("max_evaluations"), calibration::LeastSquaresOptions{}.max_evaluations);
}

TEST(ProvenanceTest, ARunsDigestTellsItsLeastChange) {
  const signal::RunRecord run = ShortRun(1, "a");
  const std::string digest = ProvenanceOf({run}).run_digests.at("a");
  EXPECT_EQ(ProvenanceOf({run}, /*seed=*/8).run_digests.at("a"), digest);
  const std::pair<const char*, std::function<void(signal::RunRecord*)>> changes[] = {
      {"one bit of a value",
       [](auto* r) { r->series[2].value[5] = std::nextafter(r->series[2].value[5], 1e9); }},
      {"a nanosecond", [](auto* r) { ++r->series[0].time_unix_ns[0]; }},
      {"a quality",
       [](auto* r) {
         r->series[3].quality.back() = {signal::QualityLevel::kBad, signal::QualityReason::kSpike};
       }},
      {"two samples in another order",
       [](auto* r) {
         std::swap(r->series[2].value[3], r->series[2].value[4]);
         std::swap(r->series[2].time_unix_ns[3], r->series[2].time_unix_ns[4]);
       }},
      {"an outcome", [](auto* r) { r->outcome = signal::Outcome{.chirality_counts = 1.0}; }}};
  for (const auto& [name, change] : changes) {
    signal::RunRecord other = run;
    change(&other);
    EXPECT_NE(ProvenanceOf({other}).run_digests.at("a"), digest) << name;
  }
}

TEST(ProvenanceTest, TheOptionsDigestCoversTheSolver) {
  const std::vector<signal::RunRecord> runs = {ShortRun(1, "a")};
  const calibration::Provenance made = ProvenanceOf(runs);
  EXPECT_EQ(ProvenanceOf(runs, /*seed=*/8).options_digest, made.options_digest);
  calibration::LeastSquaresOptions tighter;
  tighter.function_tolerance *= 0.5;
  EXPECT_NE(ProvenanceOf(runs, 7, tighter).options_digest, made.options_digest);
  calibration::LeastSquaresOptions robust;
  robust.loss = calibration::RobustLoss::kHuber;
  const calibration::Provenance huber = ProvenanceOf(runs, 7, robust);
  EXPECT_EQ(huber.solver.at("huber_threshold"), kRobustThreshold);
  EXPECT_NE(huber.options_digest, made.options_digest);
}

}  // namespace
}  // namespace parallax::pipeline
