#include "tests/core/pipeline/planted_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace parallax::pipeline::testing {
namespace {

using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

class SuiteSeeds : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Some, SuiteSeeds, ::testing::Values(kSuiteSeed, 1, 2, 3));

TEST_P(SuiteSeeds, CoversWhatIsAskedFor) {
  const std::vector<PlantedCase> cases = AllCases(GetParam());
  EXPECT_GE(cases.size(), 300u);
  std::set<std::pair<std::string, bool>> shifted;
  std::set<std::pair<std::string, FaultShape>> faults;
  std::set<MissingMechanism> missing;
  std::map<Family, int> families;
  std::vector<double> sizes;
  for (const PlantedCase& one : cases) {
    ++families[one.family];
    for (const PlantedShift& shift : one.plant.shifts) {
      sizes.push_back(std::abs(shift.sds));
      if (one.family == Family::kSingle) shifted.emplace(shift.name, shift.sds > 0.0);
    }
    if (one.plant.fault) faults.emplace(one.plant.fault->channel, one.plant.fault->shape);
    if (one.family == Family::kMissing) missing.insert(one.plant.missing);
  }
  EXPECT_THAT(shifted, SizeIs(2 * Nanotubes().description().parameters.size()));
  EXPECT_THAT(sizes, Each(Ge(3.0)));
  EXPECT_THAT(sizes, Each(Le(4.0)));
  EXPECT_THAT(faults, SizeIs(11 * 4 - 1 + 4 * 2));
  EXPECT_THAT(missing, SizeIs(3));
  EXPECT_GE(families[Family::kNull], 60);
  EXPECT_GE(families[Family::kPair], 40);
}

TEST_P(SuiteSeeds, HalvesAreOfEqualSizeInEveryFamily) {
  std::map<Family, int> excess;
  for (const PlantedCase& one : AllCases(GetParam())) {
    excess[one.family] += one.half == Half::kTuning ? 1 : -1;
  }
  for (const auto& [family, difference] : excess) {
    EXPECT_LE(std::abs(difference), 1) << NameOf(family);
  }
}

TEST_P(SuiteSeeds, EveryCampaignHasRecipesNoiseAndClocksOfItsOwn) {
  std::set<uint64_t> seeds;
  std::set<double> noise;
  const std::vector<PlantedCase> cases = AllCases(GetParam());
  for (const PlantedCase& one : cases) {
    seeds.insert(one.plant.seed);
    noise.insert(one.plant.noise);
    EXPECT_GE(one.plant.grow_s, 420.0);
    EXPECT_LE(one.plant.grow_s, 720.0);
  }
  EXPECT_EQ(seeds.size(), cases.size());
  EXPECT_GT(noise.size(), 30u);
}

TEST(PlantedCasesTest, TheSameSeedDrawsTheSameCasesAndAnotherOthers) {
  const std::vector<PlantedCase> first = AllCases(7), again = AllCases(7), other = AllCases(8);
  ASSERT_EQ(first.size(), again.size());
  ASSERT_EQ(first.size(), other.size());
  size_t same = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].plant.seed, again[i].plant.seed);
    EXPECT_EQ(Describe(first[i].plant), Describe(again[i].plant));
    same += first[i].plant.seed == other[i].plant.seed ? 1 : 0;
  }
  EXPECT_EQ(same, 0u);
}

TEST(PlantedCasesTest, TheBeginningOfTheListIsAFairSample) {
  std::set<Family> seen;
  const std::vector<PlantedCase> cases = AllCases();
  for (size_t i = 0; i < 20; ++i) seen.insert(cases[i].family);
  EXPECT_THAT(seen, SizeIs(5));
}

}  // namespace
}  // namespace parallax::pipeline::testing
