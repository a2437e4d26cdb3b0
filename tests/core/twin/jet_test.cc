#include "core/twin/jet.h"

#include <ceres/jet.h>
#include <gtest/gtest.h>

#include "core/base/random.h"

namespace parallax::twin {
namespace {

constexpr int kN = 6;

/// Statements as the twins make them, on any scalar.
template <typename S>
std::array<S, 5> Statements(const std::array<S, kN>& p) {
  using std::exp;
  using std::log;
  using std::sqrt;
  const S loss = p[0] * (p[1] * p[1] - 4.0) + p[2] * (p[1] - 3.0);
  const S rate = exp(-p[3] * (1.0 / p[4] - 0.5)) / (1.0 + loss * loss);
  S height = 2.0 * rate / (1.0 + sqrt(1.0 + 2.0 * rate / p[5]));
  height += log(p[4] + 0.5 * height) - rate;  // names what it assigns to
  height -= 3.0 - p[0] / 7.0;
  height = height * p[1] + height;
  const S same = height;
  return {loss, rate, height, same, S(1.5)};
}

class JetAtSeed : public ::testing::TestWithParam<uint64_t> {};

TEST_P(JetAtSeed, HasTheDerivativesOfCeresAndTheValuesOfDoubles) {
  base::Random random(GetParam(), 3);
  std::array<double, kN> plain;
  std::array<Jet<kN>, kN> ours;
  std::array<ceres::Jet<double, kN>, kN> theirs;
  for (int k = 0; k < kN; ++k) {
    const auto i = static_cast<size_t>(k);
    plain[i] = 0.5 + random.Uniform();
    ours[i] = Jet<kN>(plain[i], k);
    theirs[i] = ceres::Jet<double, kN>(plain[i], k);
  }
  const auto value = Statements(plain);
  const auto jet = Statements(ours);
  const auto expected = Statements(theirs);
  for (size_t i = 0; i < value.size(); ++i) {
    EXPECT_EQ(jet[i].a, value[i]);
    const double scale = 1.0 + expected[i].v.cwiseAbs().maxCoeff();
    EXPECT_LT((jet[i].v - expected[i].v).cwiseAbs().maxCoeff(), 1e-13 * scale);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, JetAtSeed, ::testing::Range(uint64_t{0}, uint64_t{50}));

TEST(Jet, TakesFunctionsByTheirSlopes) {
  const Jet<2> x(3.0, 0), y(5.0, 1);
  const Jet<2> cube = ChainRule(27.0, 27.0, x) * 2.0;
  EXPECT_EQ(cube.a, 54.0);
  EXPECT_EQ(cube.v[0], 54.0);
  EXPECT_EQ(cube.v[1], 0.0);
  const Jet<2> product = ChainRule(15.0, 5.0, x, 3.0, y);
  EXPECT_EQ(product.v[0], 5.0);
  EXPECT_EQ(product.v[1], 3.0);
  EXPECT_EQ(ChainRule(27.0, 27.0, 3.0), 27.0);
}

}  // namespace
}  // namespace parallax::twin
