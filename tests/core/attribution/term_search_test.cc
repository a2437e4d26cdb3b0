#include "core/attribution/term_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <map>

#include "core/base/random.h"

namespace parallax::attribution {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// y = X w + e with w and e standard normal: the evidence of any subset of columns is closed form.
class LinearProblem {
 public:
  LinearProblem(Eigen::MatrixXd columns, Eigen::VectorXd y)
      : columns_(std::move(columns)), y_(std::move(y)) {}

  int terms() const { return static_cast<int>(columns_.cols()); }

  /// -½ yᵀ (I + C Cᵀ)⁻¹ y - ½ log |I + C Cᵀ|.
  double LogEvidence(const std::vector<int>& model) const {
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Identity(y_.size(), y_.size());
    for (const int t : model) covariance += columns_.col(t) * columns_.col(t).transpose();
    const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
    const Eigen::MatrixXd lower = factor.matrixL();
    return -0.5 * y_.dot(factor.solve(y_)) - lower.diagonal().array().log().sum();
  }

  RefitTerms Refit() const {
    return [this](const std::vector<std::vector<int>>& models) {
      std::vector<double> evidence;
      for (const std::vector<int>& model : models) evidence.push_back(LogEvidence(model));
      return absl::StatusOr<std::vector<double>>(evidence);
    };
  }

  ProposeTerms Propose() const {
    return [this](const std::vector<int>& model) {
      std::vector<double> evidence;
      for (int t = 0; t < terms(); ++t) {
        std::vector<int> with = model;
        if (std::find(with.begin(), with.end(), t) == with.end()) with.push_back(t);
        evidence.push_back(LogEvidence(with));
      }
      return absl::StatusOr<std::vector<double>>(evidence);
    };
  }

 private:
  Eigen::MatrixXd columns_;
  Eigen::VectorXd y_;
};

Eigen::MatrixXd RandomMatrix(Eigen::Index rows, Eigen::Index cols, double sd, uint64_t seed) {
  base::Random random(seed, 1);
  Eigen::MatrixXd out(rows, cols);
  for (Eigen::Index j = 0; j < cols; ++j) {
    for (Eigen::Index i = 0; i < rows; ++i) out(i, j) = sd * random.Normal();
  }
  return out;
}

class TermSearchSeeds : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Fixed, TermSearchSeeds, ::testing::Range<uint64_t>(0, 12));

TEST_P(TermSearchSeeds, TheSearchFindsWhatEnumerationOfAllSubsetsFinds) {
  const Eigen::MatrixXd columns = RandomMatrix(30, 9, 0.6, GetParam());
  base::Random random(GetParam(), 2);
  Eigen::VectorXd y = RandomMatrix(30, 1, 1.0, GetParam() + 100);
  for (int cause = 0; cause < 2; ++cause) {
    const double sign = random.Uniform() < 0.5 ? -1.0 : 1.0;
    y += sign * (2.0 + random.Uniform()) * columns.col(static_cast<Eigen::Index>(random.Below(9)));
  }
  const LinearProblem problem(columns, y);
  const std::vector<double> odds(9, std::log(0.04));
  const absl::StatusOr<std::vector<TermModel>> found =
      SearchTerms(odds, problem.Refit(), problem.Propose());
  ASSERT_TRUE(found.ok()) << found.status();
  const std::vector<TermModel> all = *EnumerateTerms(problem.terms(), problem.Refit());
  const TermInclusion searched = IncludeTerms(*found, odds);
  const TermInclusion exact = IncludeTerms(all, odds);
  EXPECT_EQ((*found)[searched.best].terms, all[exact.best].terms);
  for (size_t t = 0; t < odds.size(); ++t) {
    EXPECT_NEAR(searched.probability[t], exact.probability[t], 0.03) << "term " << t;
  }
  EXPECT_LT(found->size(), all.size() / 2);
}

TEST(TermSearchTest, TwoTermsOfWhichNeitherGainsAloneAreFoundTogether) {
  // Both are mostly one large common direction; the data lie along their difference. The others
  // are larger, so that both stay among the models that are grown.
  Eigen::MatrixXd columns = RandomMatrix(20, 8, 2.0, 3);
  Eigen::VectorXd common = Eigen::VectorXd::Zero(20), apart = Eigen::VectorXd::Zero(20);
  common(0) = 10.0;
  apart(1) = 2.0;
  columns.row(0).setZero();
  columns.row(1).setZero();
  columns.col(2) = common + apart;
  columns.col(5) = common - apart;
  const LinearProblem problem(columns, 3.0 * apart);
  const std::vector<double> odds(8, std::log(0.04));
  EXPECT_LT(problem.LogEvidence({2}), problem.LogEvidence({}));
  EXPECT_LT(problem.LogEvidence({5}), problem.LogEvidence({}));
  const absl::StatusOr<std::vector<TermModel>> found =
      SearchTerms(odds, problem.Refit(), problem.Propose());
  ASSERT_TRUE(found.ok());
  const TermInclusion included = IncludeTerms(*found, odds);
  EXPECT_THAT((*found)[included.best].terms, ElementsAre(2, 5));
}

TEST(TermSearchTest, ACatchAllDoesNotHideTwoCausesThatOnlyFitTogether) {
  // Term 0 takes any shape. Terms 3 and 6 explain the data exactly, but alone each is hopeless
  // beside it, and the others are in front of them.
  Eigen::MatrixXd columns = RandomMatrix(40, 12, 0.05, 9);
  base::Random random(9, 7);
  Eigen::VectorXd first(40), second(40);
  for (Eigen::Index i = 0; i < 40; ++i) {
    first(i) = 4.0 * random.Normal();
    second(i) = 4.0 * random.Normal();
  }
  columns.col(3) = first;
  columns.col(6) = second;
  const Eigen::VectorXd y = 3.0 * first - 3.0 * second;
  columns.col(0) = 0.97 * y / 3.0 + RandomMatrix(40, 1, 0.5, 10);
  const LinearProblem problem(columns, y);
  const std::vector<double> odds(12, std::log(0.04));
  const TermSearchOptions narrow = {.beam = 1, .refits_per_model = 1};
  const absl::StatusOr<std::vector<TermModel>> hidden =
      SearchTerms(odds, problem.Refit(), problem.Propose(), narrow);
  ASSERT_TRUE(hidden.ok());
  TermSearchOptions again = narrow;
  again.catch_alls = {0};
  const absl::StatusOr<std::vector<TermModel>> found =
      SearchTerms(odds, problem.Refit(), problem.Propose(), again);
  ASSERT_TRUE(found.ok());
  EXPECT_THAT((*found)[IncludeTerms(*found, odds).best].terms, ElementsAre(3, 6));
  EXPECT_GT(found->size(), hidden->size());
}

TEST(TermSearchTest, TwinTermsShareTheirProbabilityAndLoseNothingWithoutEachOther) {
  Eigen::MatrixXd columns = RandomMatrix(25, 6, 0.7, 4);
  columns.col(4) = columns.col(1);
  const LinearProblem problem(columns, 3.0 * columns.col(1));
  const std::vector<double> odds(6, std::log(0.04));
  const absl::StatusOr<std::vector<TermModel>> found =
      SearchTerms(odds, problem.Refit(), problem.Propose());
  ASSERT_TRUE(found.ok());
  const TermInclusion included = IncludeTerms(*found, odds);
  EXPECT_NEAR(included.probability[1], included.probability[4], 1e-9);
  EXPECT_GT(included.probability[1] + included.probability[4], 0.99);
  EXPECT_NEAR(included.loss_without[1], 0.0, 1e-9);
  EXPECT_NEAR(included.loss_without[4], 0.0, 1e-9);
}

TEST(TermSearchTest, AModelIsRefittedOnce) {
  const LinearProblem problem(RandomMatrix(20, 7, 0.6, 5), RandomMatrix(20, 1, 2.0, 6));
  std::map<std::vector<int>, int> times;
  const RefitTerms counting = [&](const std::vector<std::vector<int>>& models) {
    for (const std::vector<int>& model : models) ++times[model];
    return problem.Refit()(models);
  };
  const std::vector<double> odds(7, std::log(0.2));
  ASSERT_TRUE(SearchTerms(odds, counting, problem.Propose(), {.max_terms = 3}).ok());
  for (const auto& [model, count] : times) {
    EXPECT_EQ(count, 1);
    EXPECT_LE(model.size(), 3u);
    EXPECT_TRUE(std::is_sorted(model.begin(), model.end()));
  }
}

TEST(TermSearchTest, ASwapMendsAWrongFirstChoice) {
  // Term 0 alone is best, but the true pair is (1, 2): growing from the best single, with a beam of
  // one, meets only pairs with 0, and a swap must find the rest.
  const auto worth = [](const std::vector<int>& model) {
    const auto in = [&](int t) { return std::find(model.begin(), model.end(), t) != model.end(); };
    const double pair = in(1) && in(2) ? 60.0 : in(1) ? 20.0 : 0.0;
    return (in(0) ? 30.0 : 0.0) + pair - 4.0 * static_cast<double>(model.size());
  };
  const RefitTerms refit = [&](const std::vector<std::vector<int>>& models) {
    std::vector<double> evidence;
    for (const std::vector<int>& model : models) evidence.push_back(worth(model));
    return absl::StatusOr<std::vector<double>>(evidence);
  };
  const ProposeTerms propose = [&](const std::vector<int>& model) {
    std::vector<double> evidence;
    for (int t = 0; t < 10; ++t) {
      std::vector<int> with = model;
      with.push_back(t);
      evidence.push_back(worth(with));
    }
    return absl::StatusOr<std::vector<double>>(evidence);
  };
  const std::vector<double> odds(10, std::log(0.04));
  const absl::StatusOr<std::vector<TermModel>> found =
      SearchTerms(odds, refit, propose, {.beam = 1, .max_terms = 2});
  ASSERT_TRUE(found.ok());
  EXPECT_THAT((*found)[IncludeTerms(*found, odds).best].terms, ElementsAre(1, 2));
}

TEST(EnumerateTermsTest, RefitsEverySubsetOnceInTheOrderOfItsBits) {
  const LinearProblem problem(RandomMatrix(12, 4, 0.6, 7), RandomMatrix(12, 1, 2.0, 8));
  const absl::StatusOr<std::vector<TermModel>> models = EnumerateTerms(4, problem.Refit());
  ASSERT_TRUE(models.ok());
  ASSERT_EQ(models->size(), 16u);
  EXPECT_THAT((*models)[0].terms, ElementsAre());
  EXPECT_THAT((*models)[3].terms, ElementsAre(0, 1));
  EXPECT_THAT((*models)[13].terms, ElementsAre(0, 2, 3));
  for (const TermModel& model : *models) {
    EXPECT_EQ(model.log_evidence, problem.LogEvidence(model.terms));
  }
}

TEST(EnumerateTermsTest, RefusesWhatItCannotDo) {
  const auto all = [](double evidence) {
    return [evidence](const std::vector<std::vector<int>>& models) {
      return absl::StatusOr<std::vector<double>>(std::vector<double>(models.size(), evidence));
    };
  };
  EXPECT_FALSE(EnumerateTerms(0, all(0.0)).ok());
  EXPECT_FALSE(EnumerateTerms(kMostEnumerated + 1, all(0.0)).ok());
  EXPECT_FALSE(EnumerateTerms(2, all(NAN)).ok());
  EXPECT_FALSE(EnumerateTerms(2, all(HUGE_VAL)).ok());
  EXPECT_THAT(std::string(EnumerateTerms(2, all(-HUGE_VAL)).status().message()),
              HasSubstr("no model has any evidence"));
  const RefitTerms fails = [](const std::vector<std::vector<int>>&) {
    return absl::StatusOr<std::vector<double>>(absl::CancelledError("stop"));
  };
  EXPECT_EQ(EnumerateTerms(3, fails).status().code(), absl::StatusCode::kCancelled);
  const RefitTerms forgets = [](const std::vector<std::vector<int>>&) {
    return absl::StatusOr<std::vector<double>>(std::vector<double>(1, 0.0));
  };
  EXPECT_FALSE(EnumerateTerms(3, forgets).ok());
}

TEST(TermSearchTest, NoTermsAreRefused) {
  const LinearProblem problem(Eigen::MatrixXd(3, 0), Eigen::VectorXd::Zero(3));
  const auto found = SearchTerms({}, problem.Refit(), problem.Propose());
  EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(found.status().message()), HasSubstr("terms = 0"));
}

TEST(TermSearchTest, EvidenceThatIsNotANumberIsRefused) {
  const RefitTerms broken = [](const std::vector<std::vector<int>>& models) {
    return absl::StatusOr<std::vector<double>>(std::vector<double>(models.size(), NAN));
  };
  const ProposeTerms none = [](const std::vector<int>&) {
    return absl::StatusOr<std::vector<double>>(std::vector<double>(2, 0.0));
  };
  EXPECT_EQ(SearchTerms({0.0, 0.0}, broken, none).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TermSearchTest, AnErrorOfTheRefitEndsTheSearch) {
  const RefitTerms failing = [](const std::vector<std::vector<int>>&) {
    return absl::StatusOr<std::vector<double>>(absl::CancelledError("enough"));
  };
  const ProposeTerms none = [](const std::vector<int>&) {
    return absl::StatusOr<std::vector<double>>(std::vector<double>(1, 0.0));
  };
  EXPECT_EQ(SearchTerms({0.0}, failing, none).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace parallax::attribution
