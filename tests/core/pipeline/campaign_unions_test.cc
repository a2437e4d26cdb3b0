#include "core/pipeline/campaign_unions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/pipeline/planted_campaign.h"

namespace parallax::pipeline {
namespace {

using ::testing::ElementsAre;

/// Parameters of the nanotube twin and made-up effects of them, all orthogonal at first.
class UnionsTest : public ::testing::Test {
 protected:
  const twin::Description& description_ = testing::Nanotubes().description();
  const Eigen::Index count_ = static_cast<Eigen::Index>(description_.parameters.size());
  Eigen::MatrixXd slope_ = Eigen::MatrixXd::Identity(count_, count_);

  int At(const char* name) const { return twin::ParameterIndex(description_, name); }
  /// Makes the effect of `like` that of `name` but for so much of its own.
  void Mimic(const char* like, const char* name, double own) {
    slope_.col(At(like)) = slope_.col(At(name)) + own * slope_.col(At(like));
  }
  std::vector<int> Unions(const std::vector<int>& parameters) const {
    return UnionOfEach(description_, parameters, slope_);
  }
};

TEST_F(UnionsTest, ParametersOfTheirOwnFormNone) {
  EXPECT_THAT(Unions({At("Rc"), At("vd0"), At("bTC")}), ElementsAre(0, 1, 2));
}

TEST_F(UnionsTest, CollinearOnesDoFromTheBoundOn) {
  // Two unit vectors at an angle a have γ = 1/√(1 − cos a); tan a = own.
  Mimic("Rc", "vd0", 0.19);  // γ = 7.55
  EXPECT_TRUE(AreCollinear(slope_, At("Rc"), At("vd0")));
  EXPECT_THAT(Unions({At("Rc"), At("bTC"), At("vd0")}), ElementsAre(0, 1, 0));
  Mimic("eps0", "vd0", 0.21);  // γ = 6.85
  EXPECT_FALSE(AreCollinear(slope_, At("eps0"), At("vd0")));
  EXPECT_THAT(Unions({At("eps0"), At("vd0")}), ElementsAre(0, 1));
}

TEST_F(UnionsTest, InterchangeableOnesDoHoweverDifferentTheirEffects) {
  EXPECT_FALSE(AreCollinear(slope_, At("k0"), At("nk")));
  EXPECT_THAT(Unions({At("k0"), At("vd0"), At("nk")}), ElementsAre(0, 1, 0));
}

TEST_F(UnionsTest, OneThatIsInThePlaceOfTwoJoinsTheirUnions) {
  Mimic("bTC", "vd0", 0.1);
  Mimic("Rc", "nk", 0.1);
  const std::vector<int> apart = Unions({At("vd0"), At("k0"), At("Rc")});
  EXPECT_NE(apart[0], apart[1]);
  EXPECT_NE(apart[1], apart[2]);
  // nk is interchangeable with k0 and collinear with Rc.
  const std::vector<int> joined = Unions({At("vd0"), At("k0"), At("Rc"), At("nk"), At("bTC")});
  EXPECT_EQ(joined[1], joined[2]);
  EXPECT_EQ(joined[1], joined[3]);
  EXPECT_EQ(joined[0], joined[4]);
  EXPECT_NE(joined[0], joined[1]);
}

TEST_F(UnionsTest, AnInterchangeableParameterThatIsNoPlayerMovesWithOneThatIs) {
  const int k0 = At("k0"), nk = At("nk"), vd0 = At("vd0");
  EXPECT_THAT(MovedTogether(description_, {vd0, nk}),
              ElementsAre(ElementsAre(vd0), ElementsAre(nk, k0)));
  EXPECT_THAT(MovedTogether(description_, {k0, nk}), ElementsAre(ElementsAre(k0), ElementsAre(nk)));
}

}  // namespace
}  // namespace parallax::pipeline
