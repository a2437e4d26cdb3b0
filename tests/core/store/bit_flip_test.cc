#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/checked_vfs.h"
#include "core/store/connection.h"
#include "tests/core/store/power_load.h"
#include "tests/core/store/power_machine.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

constexpr size_t kPageBytes = 512;  // so that a file of few bits has all kinds of pages

bool NamesPage(const absl::Status& status, size_t page) {
  return status.ToString().find(absl::StrFormat(": page %d of ", page)) != std::string::npos;
}

class BitFlipTest : public ::testing::Test {
 protected:
  /// A whole load.
  void SetUp() override {
    ASSERT_EQ(Guarded([&]() -> absl::Status {
                SQLite::Database database(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 0,
                                          CheckedVfs(PowerMachine::kVfs));
                ReservePageChecksums(database.getHandle());
                database.exec(absl::StrFormat(
                    "PRAGMA page_size = %d; CREATE TABLE t(x); DROP TABLE t; VACUUM", kPageBytes));
                return absl::OkStatus();
              }),
              absl::OkStatus());
    for (int part = 0; part < PowerLoad::kParts; ++part) {
      clock_.now += PowerLoad::kKeep;
      auto store = Open();
      ASSERT_TRUE(store.ok()) << store.status().ToString();
      ASSERT_EQ(load_.Run(part, **store), absl::OkStatus());
    }
    stored_ = machine_.Contents(path_);
    contents_ = Read().value();
  }

  absl::StatusOr<std::unique_ptr<Store>> Open() {
    return OpenSqliteStore({.directory = directory_.path(), .vfs = PowerMachine::kVfs}, clock_);
  }

  /// Opens the store and reads all that is in it.
  absl::StatusOr<std::string> Read() {
    PARALLAX_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, Open());
    return load_.Contents(*store);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/parallax.db";
  GatedClock clock_;
  PowerMachine machine_{1};
  PowerLoad load_{clock_, 40};
  std::string stored_;
  std::string contents_;
};

TEST_F(BitFlipTest, AFlippedBitIsToldOrChangesNothing) {
  const char* given = std::getenv("PARALLAX_FLIP_STRIDE");
  const size_t stride = given == nullptr ? 211 : std::strtoull(given, nullptr, 10);
  int told = 0;
  int harmless = 0;
  int named = 0;
  for (size_t bit = 0; bit < stored_.size() * 8; bit += stride) {
    std::string damaged = stored_;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    machine_.PutAlone(path_, damaged);
    const absl::StatusOr<std::string> read = Read();
    if (read.ok()) {
      ASSERT_EQ(*read, contents_) << "bit " << bit;
      ++harmless;
    } else {
      ASSERT_TRUE(absl::IsDataLoss(read.status())) << bit << ": " << read.status().ToString();
      if (NamesPage(read.status(), bit / 8 / kPageBytes + 1)) ++named;
      ++told;
    }
  }
  printf("%d of %d bits flipped one at a time: told %d (of which with the page %d), harmless %d\n",
         told + harmless, static_cast<int>(stored_.size() * 8), told, named, harmless);
  EXPECT_GT(told, harmless);
  // The page is not known where the file is no database any more, or of another page size.
  EXPECT_GT(named, told * 9 / 10);
}

}  // namespace
}  // namespace parallax::store
