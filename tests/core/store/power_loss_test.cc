#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/checked_vfs.h"
#include "core/store/connection.h"
#include "tests/core/store/power_load.h"
#include "tests/core/store/power_machine.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

constexpr int kMaxStarts = 8;  ///< of a store until a part of the load is done

/// Points of each test, spread over the calls of the load; under the label soak there are more
/// than calls.
uint64_t Points(uint64_t ordinarily) {
  const char* points = std::getenv("PARALLAX_POWER_POINTS");
  return points == nullptr ? ordinarily : std::strtoull(points, nullptr, 10);
}

struct Fault {
  DiskEvent event;
  uint64_t call;  ///< of the life, from 0
};

/// What happened over many lives.
struct Sums {
  PowerTally power;
  uint64_t errors = 0;

  void Add(const PowerMachine& machine) {
    const PowerTally more = machine.tally();
    power.losses += more.losses;
    power.kept += more.kept;
    power.dropped += more.dropped;
    power.torn += more.torn;
    power.reordered += more.reordered;
    errors += machine.errors();
  }
};

/// Checks the database file by SQLite's own means, while the store is open.
absl::Status CheckIntegrity(const std::string& path) {
  return Guarded([&]() -> absl::Status {
    SQLite::Database database(path, SQLite::OPEN_READONLY, 0, CheckedVfs(PowerMachine::kVfs));
    const std::string found = database.execAndGet("PRAGMA integrity_check").getString();
    return found == "ok" ? absl::OkStatus() : absl::DataLossError("integrity: " + found);
  });
}

/// One machine from an empty disk to the end of the load, whatever happens on the way.
class Life {
 public:
  Life(const std::string& directory, uint64_t seed, std::optional<Fault> fault = std::nullopt,
       SyncPolicy policy = SyncPolicy::kHonest)
      : directory_(directory), machine_(seed, policy), random_(seed, 1), fault_(fault) {
    if (fault_) machine_.Arm(fault_->call, fault_->event);
  }

  /// Does the load and reads it back: what the store holds then.
  /// Errors: DataLoss where a promise was broken; Internal where the store says what it must not,
  /// or does not recover.
  absl::StatusOr<std::string> Live() {
    for (int part = 0; part <= PowerLoad::kParts; ++part) {
      absl::Status status = Start(part);
      for (int starts = 1; !status.ok(); ++starts) {
        if (absl::IsDataLoss(status) || absl::IsInternal(status)) return status;
        if (starts == kMaxStarts) return absl::InternalError("no recovery: " + status.ToString());
        status = Start(part);
      }
    }
    return contents_;
  }

  const PowerMachine& machine() const { return machine_; }

 private:
  /// Opens the store, checks it, does a part and closes it. Where that failed, all is ready for the
  /// next start.
  absl::Status Start(int part) {
    clock_.now += PowerLoad::kKeep;
    absl::Status status = Open();
    if (status.ok()) status = Judged(Work(part));
    store_.reset();
    if (!machine_.lost_power()) return status;
    machine_.Restart();
    load_.NoteRestart();
    // Power fails when it comes back, too: let it fail once more on the way up.
    if (machine_.tally().losses == 1) machine_.Arm(random_.Below(400), DiskEvent::kPowerLoss);
    return absl::UnavailableError("power was lost");
  }

  absl::Status Open() {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(
        {.directory = directory_, .vfs = PowerMachine::kVfs, .checkpoint_pages = 16}, clock_);
    const absl::Status status = Judged(store.status());
    if (store.ok()) store_ = *std::move(store);
    if (!status.ok()) machine_.Disarm();
    return status;
  }

  /// A part of the load, tried once more in the same store where it failed. The last only reads.
  absl::Status Work(int part) {
    PARALLAX_RETURN_IF_ERROR(load_.Verify(*store_));
    PARALLAX_RETURN_IF_ERROR(CheckFile());
    if (part == PowerLoad::kParts) {
      PARALLAX_ASSIGN_OR_RETURN(contents_, load_.Contents(*store_));
      return absl::OkStatus();
    }
    const absl::Status status = Judged(load_.Run(part, *store_));
    if (status.ok() || absl::IsInternal(status) || absl::IsDataLoss(status)) return status;
    machine_.Disarm();
    const absl::Status again = load_.Run(part, *store_);
    if (absl::IsResourceExhausted(status) && !again.ok()) {
      return absl::InternalError("there is room, and still: " + again.ToString());
    }
    return again;
  }

  /// SQLite's check answers an I/O error with a finding: then the finding is of the error.
  absl::Status CheckFile() {
    const uint64_t errors = machine_.errors();
    const absl::Status found = CheckIntegrity(directory_ + "/parallax.db");
    if (machine_.errors() == errors && !machine_.lost_power()) return found;
    return absl::UnavailableError("the check met an error");
  }

  /// Internal where a failure is not told as the header says.
  absl::Status Judged(const absl::Status& status) const {
    if (status.ok() || absl::IsDataLoss(status) || absl::IsUnavailable(status)) return status;
    const bool may_lack_room =
        fault_->event == DiskEvent::kFull || fault_->event == DiskEvent::kShortWrite;
    if (may_lack_room && absl::IsResourceExhausted(status)) return status;
    return absl::InternalError("unexpected: " + status.ToString());
  }

  const std::string directory_;
  PowerMachine machine_;
  base::Random random_;
  const std::optional<Fault> fault_;
  GatedClock clock_;
  PowerLoad load_{clock_};
  std::unique_ptr<Store> store_;
  std::string contents_;
};

class PowerLossTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Life life(directory_.path(), 0);
    const absl::StatusOr<std::string> contents = life.Live();
    ASSERT_TRUE(contents.ok()) << contents.status().ToString();
    contents_ = *contents;
    calls_ = life.machine().calls();
  }

  /// Lives with `event` at `points` calls; each must end as if nothing had happened.
  Sums LiveThrough(DiskEvent event, uint64_t points) {
    Sums sums;
    for (uint64_t point = 0; point < points && !HasFailure(); ++point) {
      const uint64_t call = points < calls_ ? point * calls_ / points : point % calls_;
      Life life(directory_.path(), point, Fault{event, call});
      const absl::StatusOr<std::string> contents = life.Live();
      EXPECT_TRUE(contents.ok()) << "seed " << point << ", call " << call << ": "
                                 << contents.status().ToString();
      if (contents.ok()) {
        EXPECT_EQ(*contents, contents_) << "seed " << point << ", call " << call;
      }
      sums.Add(life.machine());
    }
    return sums;
  }

  TemporaryDirectory directory_;
  std::string contents_;
  uint64_t calls_ = 0;
};

TEST_F(PowerLossTest, WhatWasCommittedOutlivesPowerLossAtAnyCall) {
  const uint64_t points = Points(60);
  const Sums sums = LiveThrough(DiskEvent::kPowerLoss, points);
  printf(
      "%d crash points in %d calls: power lost %d times; unsynced changes kept %d, dropped %d, "
      "torn %d, reordered %d\n",
      static_cast<int>(points), static_cast<int>(calls_), static_cast<int>(sums.power.losses),
      static_cast<int>(sums.power.kept), static_cast<int>(sums.power.dropped),
      static_cast<int>(sums.power.torn), static_cast<int>(sums.power.reordered));
  EXPECT_GE(sums.power.losses, points);
  EXPECT_GT(sums.power.torn, 0u);
  EXPECT_GT(sums.power.reordered, 0u);
}

TEST_F(PowerLossTest, AFailingCallIsToldAndNothingCommittedIsLost) {
  const uint64_t points = Points(40);
  const Sums sums = LiveThrough(DiskEvent::kIoError, points);
  printf("%d injected I/O errors in %d calls\n", static_cast<int>(sums.errors),
         static_cast<int>(calls_));
  EXPECT_EQ(sums.errors, points);
}

TEST_F(PowerLossTest, AFullDiskIsToldAndTheStoreGoesOnWhereThereIsRoom) {
  const uint64_t points = Points(30);
  const Sums sums = LiveThrough(DiskEvent::kFull, points);
  printf("%d disks full, %d writes refused\n", static_cast<int>(points),
         static_cast<int>(sums.errors));
  EXPECT_GT(sums.errors, points / 2);
}

TEST_F(PowerLossTest, AWriteThatFallsShortIsToldAndNothingCommittedIsLost) {
  const uint64_t points = Points(20);
  const Sums sums = LiveThrough(DiskEvent::kShortWrite, points);
  printf("%d writes fell short, in %d calls\n", static_cast<int>(sums.errors),
         static_cast<int>(calls_));
  EXPECT_GT(sums.errors, points / 2);
}

TEST_F(PowerLossTest, AReadThatFallsShortIsToldAndNothingCommittedIsLost) {
  const uint64_t points = Points(20);
  const Sums sums = LiveThrough(DiskEvent::kShortRead, points);
  printf("%d reads fell short, in %d calls\n", static_cast<int>(sums.errors),
         static_cast<int>(calls_));
  EXPECT_GT(sums.errors, points / 2);
}

TEST_F(PowerLossTest, ADiskThatLiesAboutSyncIsFoundOut) {
  int found = 0;
  constexpr uint64_t kLives = 30;
  for (uint64_t seed = 0; seed < kLives; ++seed) {
    Life life(directory_.path(), seed, Fault{DiskEvent::kPowerLoss, calls_ * seed / kLives},
              SyncPolicy::kIgnored);
    const absl::StatusOr<std::string> contents = life.Live();
    if (!contents.ok() || *contents != contents_) ++found;
  }
  printf("losses found with a disk that lies: %d of %d\n", found, static_cast<int>(kLives));
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace parallax::store
