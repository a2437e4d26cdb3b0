#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/signal/clean.h"
#include "tests/core/pipeline/injection.h"
#include "tests/support/campaign_files.h"

namespace parallax::pipeline {
namespace {

using parallax::testing::FurnaceRecording;
using parallax::testing::InductionFurnaceRig;
using signal::QualityReason;

constexpr uint64_t kInjections = 10;

bool IsNamed(const signal::RunRecord& record, const std::string& channel, QualityReason reason) {
  const signal::CleanRun clean = signal::Clean(InductionFurnaceRig(), record, {}).value();
  return std::any_of(clean.findings.begin(), clean.findings.end(), [&](const auto& finding) {
    return finding.fault && finding.channel == channel && finding.reason == reason;
  });
}

/// How many of some planted faults cleaning names.
int CountNamed(const std::string& recording, FaultKind kind, QualityReason reason) {
  int named = 0;
  for (uint64_t seed = 0; seed < kInjections; ++seed) {
    signal::RunRecord record = FurnaceRecording(recording);
    base::Random random(seed, 0);
    const Injection injection = Inject(kind, InductionFurnaceRig(), random, &record);
    named += IsNamed(record, injection.channels[0], reason) ? 1 : 0;
  }
  return named;
}

class FurnaceRuns : public ::testing::TestWithParam<const char*> {};

TEST_P(FurnaceRuns, AreWithoutFault) {
  const signal::CleanRun clean =
      signal::Clean(InductionFurnaceRig(), FurnaceRecording(GetParam()), {}).value();
  for (const signal::SensorFinding& finding : clean.findings) {
    EXPECT_FALSE(finding.fault) << finding.text;
  }
}

/// A recording that ends late by the jump tells it from rows that are missing.
TEST_P(FurnaceRuns, NameAClockThatJumps) {
  EXPECT_EQ(CountNamed(GetParam(), FaultKind::kClockJump, QualityReason::kClockJump), kInjections);
}

TEST_P(FurnaceRuns, AreWithoutFaultWhenRowsAreMissing) {
  for (uint64_t seed = 0; seed < kInjections; ++seed) {
    signal::RunRecord record = FurnaceRecording(GetParam());
    base::Random random(seed, 0);
    const size_t n = record.series[0].value.size();
    const auto begin = static_cast<std::ptrdiff_t>(n / 10 + random.Below(8 * n / 10));
    const int64_t lost_from_ns = record.series[0].time_unix_ns[static_cast<size_t>(begin)];
    for (signal::Series& series : record.series) {
      auto end = begin;
      while (series.time_unix_ns[static_cast<size_t>(end)] < lost_from_ns + 30'000'000'000) ++end;
      series.time_unix_ns.erase(series.time_unix_ns.begin() + begin,
                                series.time_unix_ns.begin() + end);
      series.value.erase(series.value.begin() + begin, series.value.begin() + end);
      series.quality.erase(series.quality.begin() + begin, series.quality.begin() + end);
    }
    EXPECT_FALSE(IsNamed(record, "recorder/clock", QualityReason::kClockJump)) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Recordings, FurnaceRuns,
                         ::testing::Values("IFrun072", "IFrun073", "IFrun076"));

TEST(FurnaceCleaning, SpikesAreNamedWhereThereAreThousandsOfSamples) {
  EXPECT_EQ(CountNamed("IFrun072", FaultKind::kSpikes, QualityReason::kSpike), kInjections);
  EXPECT_EQ(CountNamed("IFrun076", FaultKind::kSpikes, QualityReason::kSpike), kInjections);
}

}  // namespace
}  // namespace parallax::pipeline
