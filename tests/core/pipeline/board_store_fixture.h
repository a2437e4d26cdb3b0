#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>

#include "core/pipeline/parameter_set_codec.h"
#include "core/store/sqlite_store.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/core/store/store_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline::testing {

/// A store with the board of tests/data/tclab-byu, whose recordings a test streams into it.
class BoardStoreTest : public ::testing::Test {
 protected:
  /// Runs "whole" and "short" are closed and of no split.
  void SetUp() override {
    store_ = OpenStore();
    const std::string assumptions = EncodeParameterSet(Assumptions(TwoHeater()));
    PARALLAX_ASSERT_OK(store_->CreateRig({.rig = BoardRig(), .twin = "two_heater"},
                                         {.state = "CURRENT", .bytes = assumptions}));
    for (const auto& [recording, id, rows] :
         {std::tuple("energy-balance-1s", "whole", 599), std::tuple("mimo-3s", "short", 60)}) {
      Record(recording, id, rows, signal::Split::kUnassigned);
      PARALLAX_ASSERT_OK(store_->CloseRun(kRig, id));
    }
  }

  std::unique_ptr<store::Store> OpenStore() {
    return store::OpenSqliteStore({.directory = directory_.path()}, clock_).value();
  }

  /// Streams the first `rows` of a recording into the store as the open run `id`.
  void Record(const std::string& recording, const std::string& id, std::ptrdiff_t rows,
              signal::Split split) {
    signal::RunRecord record = BoardRecording(recording);
    record.run.id = id;
    record.run.split = split;
    PARALLAX_ASSERT_OK(store_->OpenRun(kRig, record.run));
    PARALLAX_ASSERT_OK_AND_ASSIGN(const store::StreamState stream,
                                  store_->OpenStream({kRig, id, "recorder", 1}));
    signal::SampleBatch batch;
    for (uint32_t i = 0; i < record.series.size(); ++i) {
      const signal::Series& series = record.series[i];
      batch.columns.push_back({i,
                               {series.time_unix_ns.begin(), series.time_unix_ns.begin() + rows},
                               {series.value.begin(), series.value.begin() + rows},
                               {}});
    }
    PARALLAX_ASSERT_OK(store::Append(*store_, stream.stream, batch));
  }

  static constexpr const char* kRig = "tclab-byu-board";
  store::TemporaryDirectory directory_;
  parallax::testing::FakeClock clock_;
  const twin::Registry twins_ = twin::BuiltInTwins();
  std::unique_ptr<store::Store> store_;
};

}  // namespace parallax::pipeline::testing
