#include <gtest/gtest.h>

#include <string>

#include "core/signal/clean.h"
#include "tests/support/faults.h"
#include "tests/support/recording.h"
#include "tests/support/status_matchers.h"
#include "tests/support/synthetic_run.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::AddSpikes;
using ::parallax::testing::AnyFault;
using ::parallax::testing::FindFinding;
using ::parallax::testing::InjectedFault;
using ::parallax::testing::JumpClock;
using ::parallax::testing::RecordedRun;
using ::parallax::testing::StickSensor;
using ::parallax::testing::TwoHeaterRig;

constexpr uint64_t kInjections = 40;

/// Whether cleaning names the injected fault, on its channel and as a fault.
template <typename Inject>
bool IsNamed(const std::string& run, uint64_t seed, QualityReason reason, const Inject& inject) {
  RunRecord record = RecordedRun(run);
  base::Random random(seed, 0);
  const InjectedFault fault = inject(random, &record);
  const absl::StatusOr<CleanRun> clean = Clean(TwoHeaterRig(), record, {});
  const SensorFinding* finding = FindFinding(*clean, fault.channel, reason);
  return finding != nullptr && finding->fault;
}

template <typename Inject>
int CountNamed(const std::string& run, QualityReason reason, const Inject& inject) {
  int named = 0;
  for (uint64_t seed = 0; seed < kInjections; ++seed) {
    named += IsNamed(run, seed, reason, inject) ? 1 : 0;
  }
  ::testing::Test::RecordProperty(std::string(ReasonName(reason)) + " in " + run, named);
  return named;
}

class RecordedRuns : public ::testing::TestWithParam<const char*> {};

TEST_P(RecordedRuns, AreWithoutFault) {
  const RunRecord record = RecordedRun(GetParam());
  ASSERT_GT(record.series[0].value.size(), 100u);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
  for (const SensorFinding& finding : clean.findings) EXPECT_FALSE(finding.fault) << finding.text;
}

TEST_P(RecordedRuns, NameAStuckSensor) {
  EXPECT_EQ(CountNamed(GetParam(), QualityReason::kStuck, StickSensor), kInjections);
}

TEST_P(RecordedRuns, NameSpikes) {
  // Of 4 spikes in 201 samples two may fall side by side or at the edge.
  EXPECT_GE(CountNamed(GetParam(), QualityReason::kSpike, AddSpikes), 38);
}

TEST_P(RecordedRuns, NameAClockThatJumpsForward) {
  const auto jump = [](base::Random& random, RunRecord* record) {
    return JumpClock(30.0, random, record);
  };
  EXPECT_EQ(CountNamed(GetParam(), QualityReason::kClockJump, jump), kInjections);
}

TEST_P(RecordedRuns, NameAClockThatJumpsBack) {
  const auto jump = [](base::Random& random, RunRecord* record) {
    return JumpClock(-30.0, random, record);
  };
  EXPECT_EQ(CountNamed(GetParam(), QualityReason::kClockJump, jump), kInjections);
}

/// A gap in the recording is not a jump: the rows after it carry the right time.
TEST_P(RecordedRuns, AreWithoutFaultWhenRowsAreMissing) {
  for (uint64_t seed = 0; seed < kInjections; ++seed) {
    RunRecord record = RecordedRun(GetParam());
    base::Random random(seed, 0);
    const size_t n = record.series[0].value.size();
    const auto begin = static_cast<std::ptrdiff_t>(n / 10 + random.Below(7 * n / 10));
    const int64_t lost = record.series[0].time_unix_ns[1] - record.series[0].time_unix_ns[0];
    const auto end = begin + static_cast<std::ptrdiff_t>(30'000'000'000 / lost);
    for (Series& series : record.series) {
      series.time_unix_ns.erase(series.time_unix_ns.begin() + begin,
                                series.time_unix_ns.begin() + end);
      series.value.erase(series.value.begin() + begin, series.value.begin() + end);
      series.quality.erase(series.quality.begin() + begin, series.quality.begin() + end);
    }
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
    EXPECT_FALSE(AnyFault(clean)) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Tclab, RecordedRuns, ::testing::Values("energy-balance-1s", "mimo-3s"),
                         [](const auto& test) {
                           return std::string(test.param) == "mimo-3s" ? "Mimo" : "EnergyBalance";
                         });

}  // namespace
}  // namespace parallax::signal
