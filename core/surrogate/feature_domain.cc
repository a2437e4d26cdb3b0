#include "core/surrogate/feature_domain.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/base/shrunk_covariance.h"
#include "core/base/status_macros.h"

namespace parallax::surrogate {
namespace {

constexpr Eigen::Index kLeastDomainRows = 8;
/// Share of training rows whose measure is above its scale: so many that no scale hangs on one row,
/// or the three measures would each have a row at the limit and three times the rate of alarms.
constexpr double kAboveScale = 0.25;
/// Ends of a range are alike to within this part of it: where recipes stand on a grid, the rows at
/// its ends do not leave the range of the others at all.
constexpr double kLeastOvershootScale = 0.05;
/// Parts of a spread that are rounding.
constexpr double kSpreadRounding = 1e-12;
/// Rows nearer than this, in sds, are one recipe twice.
constexpr double kSameRow = 1e-6;
/// Rows are left out one by one up to so many, more in as many folds.
constexpr Eigen::Index kMostDomainFolds = 50;

/// A score that few rows like those of the training are above, and in which share of cases.
struct DomainLimit {
  double value;
  double rate;
};

/// Rank ⌈(n + 1)(1 − rate)⌉ of n scores, at most n: a further score is above it in (n + 1 − rank)
/// of n + 1 cases.
DomainLimit DomainLimitOf(const Eigen::VectorXd& scores, double rate) {
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  const double rank = std::min(n, std::ceil((n + 1.0) * (1.0 - rate) - 1e-9));
  return {sorted[static_cast<size_t>(rank) - 1], (n + 1.0 - rank) / (n + 1.0)};
}

absl::Status CheckDomainInput(const Eigen::Ref<const Eigen::MatrixXd>& features,
                              const std::vector<FeatureLabel>& labels,
                              const FeatureDomainOptions& options) {
  if (!(options.false_alarm_rate > 0.0 && options.false_alarm_rate <= 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("false_alarm_rate = %g, must be in (0, 0.5]", options.false_alarm_rate));
  }
  if (options.most_kept_rows < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("most_kept_rows = %d, must be >= 2", options.most_kept_rows));
  }
  if (features.cols() == 0 || features.cols() != static_cast<Eigen::Index>(labels.size())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d columns of features with %d names", features.cols(), labels.size()));
  }
  for (Eigen::Index j = 0; j < features.cols(); ++j) {
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      if (!std::isfinite(features(i, j))) {
        return absl::InvalidArgumentError(
            absl::StrFormat("row %d: feature \"%s\" is not finite", i, labels[j].name));
      }
    }
  }
  if (features.rows() < kLeastDomainRows) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%d rows: a training domain needs at least %d", features.rows(), kLeastDomainRows));
  }
  return absl::OkStatus();
}

absl::Status CheckVaried(const FeatureDomain& domain) {
  for (Eigen::Index j = 0; j < domain.low.size(); ++j) {
    const double most = std::max(std::abs(domain.low(j)), std::abs(domain.high(j)));
    if (!(domain.high(j) - domain.low(j) > kSpreadRounding * most)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("feature \"%s\" was never varied: it is %g in all %d runs",
                          domain.labels[j].name, domain.low(j), domain.rows));
    }
  }
  return absl::OkStatus();
}

Eigen::MatrixXd KeepRows(const Eigen::MatrixXd& whitened, int most) {
  const Eigen::Index n = whitened.rows(), kept = std::min<Eigen::Index>(n, most);
  Eigen::MatrixXd rows(kept, whitened.cols());
  for (Eigen::Index k = 0; k < kept; ++k) rows.row(k) = whitened.row(k * n / kept);
  return rows;
}

/// Ranges, metric and kept rows of a domain; neither labels nor limits.
FeatureDomain FitParts(const Eigen::Ref<const Eigen::MatrixXd>& features, int most_kept_rows) {
  FeatureDomain domain;
  domain.rows = features.rows();
  domain.low = features.colwise().minCoeff().transpose();
  domain.high = features.colwise().maxCoeff().transpose();
  domain.center = features.colwise().mean().transpose();
  const Eigen::MatrixXd centered = features.rowwise() - domain.center.transpose();
  Eigen::VectorXd inverse_sd(features.cols());
  for (Eigen::Index j = 0; j < features.cols(); ++j) {
    const double sd = centered.col(j).norm() / std::sqrt(static_cast<double>(domain.rows - 1));
    // A feature varied in left-out rows alone has no metric here; its overshoot speaks for it.
    inverse_sd(j) = domain.high(j) > domain.low(j) ? 1.0 / sd : 0.0;
  }
  const base::ShrunkCovariance shrunk = base::LedoitWolf(centered * inverse_sd.asDiagonal());
  domain.shrinkage = shrunk.shrinkage;
  // Features that depend on one another exactly, where nothing is shrunk, still get a metric.
  const Eigen::MatrixXd covariance =
      shrunk.covariance + 1e-9 * Eigen::MatrixXd::Identity(features.cols(), features.cols());
  const Eigen::LLT<Eigen::MatrixXd> llt(covariance);
  PARALLAX_CHECK(llt.info() == Eigen::Success);
  domain.whitening = llt.matrixL().solve(Eigen::MatrixXd(inverse_sd.asDiagonal()));
  domain.kept_rows = KeepRows(centered * domain.whitening.transpose(), most_kept_rows);
  return domain;
}

/// Distance of a whitened row to the nearest kept one whose squared distance is above `above`.
double NearestRow(const Eigen::MatrixXd& kept_rows, const Eigen::VectorXd& whitened, double above) {
  const Eigen::VectorXd squared =
      (kept_rows.rowwise() - whitened.transpose()).rowwise().squaredNorm();
  double least = std::numeric_limits<double>::infinity();
  for (const double value : squared) {
    if (value > above) least = std::min(least, value);
  }
  return std::isfinite(least) ? std::sqrt(least) : 0.0;
}

double OvershootOf(const FeatureDomain& domain, const Eigen::VectorXd& row) {
  double overshoot = 0.0;
  for (Eigen::Index j = 0; j < row.size(); ++j) {
    const double beyond = std::max(domain.low(j) - row(j), row(j) - domain.high(j));
    if (!(beyond > 0.0)) continue;
    const double width = domain.high(j) - domain.low(j);
    // The others never varied it: whatever the row does is all of the range.
    overshoot = std::max(overshoot, width > 0.0 ? beyond / width : 1.0);
  }
  return overshoot;
}

/// The measures of training rows against a domain of the others.
struct LeftOut {
  Eigen::VectorXd distance;
  Eigen::VectorXd neighbour;
  Eigen::VectorXd overshoot;
};

void MeasureFold(const Eigen::Ref<const Eigen::MatrixXd>& features, Eigen::Index fold,
                 Eigen::Index folds, int most_kept_rows, LeftOut* left_out) {
  std::vector<Eigen::Index> inside;
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    if (i % folds != fold) inside.push_back(i);
  }
  const FeatureDomain domain = FitParts(features(inside, Eigen::all), most_kept_rows);
  for (Eigen::Index i = fold; i < features.rows(); i += folds) {
    const Eigen::VectorXd row = features.row(i).transpose();
    const Eigen::VectorXd whitened = domain.whitening * (row - domain.center);
    left_out->distance(i) = whitened.norm();
    // A repeat of the row is not looked at, or repeated designs would call new recipes outside.
    left_out->neighbour(i) = NearestRow(domain.kept_rows, whitened, kSameRow * kSameRow);
    left_out->overshoot(i) = OvershootOf(domain, row);
  }
}

LeftOut MeasureLeftOut(const Eigen::Ref<const Eigen::MatrixXd>& features, int most_kept_rows) {
  const Eigen::Index n = features.rows(), folds = std::min(n, kMostDomainFolds);
  LeftOut left_out{Eigen::VectorXd(n), Eigen::VectorXd(n), Eigen::VectorXd(n)};
  base::ParallelFor(static_cast<size_t>(folds), [&](size_t fold) {
    MeasureFold(features, static_cast<Eigen::Index>(fold), folds, most_kept_rows, &left_out);
  });
  return left_out;
}

/// A value for people: six digits, thousands apart.
std::string Grouped(double value) {
  std::string text = absl::StrFormat("%.6g", value);
  if (text.find('e') != std::string::npos) return text;
  const size_t first = text[0] == '-' ? 1 : 0;
  for (size_t at = std::min(text.find('.'), text.size()); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string SayExcess(const FeatureDomain& domain, const RangeExcess& excess) {
  const FeatureLabel& label = domain.labels[excess.feature];
  const std::string unit = label.unit.empty() ? "" : absl::StrCat(" ", label.unit);
  return absl::StrCat(label.name, " ", Grouped(excess.value), unit, " is outside of ",
                      Grouped(domain.low(excess.feature)), " to ",
                      Grouped(domain.high(excess.feature)), unit, " seen in training");
}

std::string SayOutside(const FeatureDomain& domain, const DomainCheck& check) {
  std::vector<std::string> said;
  for (const RangeExcess& excess : check.excesses) said.push_back(SayExcess(domain, excess));
  const double limit_distance = check.quantile * domain.distance_scale;
  const double limit_neighbour = check.quantile * domain.neighbour_scale;
  if (check.distance > limit_distance) {
    said.push_back(absl::StrFormat(
        "such a combination of features was not seen in training (distance %.3g, limit %.3g)",
        check.distance, limit_distance));
  }
  if (check.neighbour > limit_neighbour) {
    said.push_back(absl::StrFormat("no run of the training is near (nearest %.3g, limit %.3g)",
                                   check.neighbour, limit_neighbour));
  }
  return absl::StrJoin(said, "; ");
}

void FindExcesses(const FeatureDomain& domain, const Eigen::VectorXd& row, DomainCheck* check) {
  const Eigen::VectorXd width = domain.high - domain.low;
  for (Eigen::Index j = 0; j < row.size(); ++j) {
    const double beyond = std::max(domain.low(j) - row(j), row(j) - domain.high(j));
    if (!(beyond > 0.0)) continue;
    check->excesses.push_back({.feature = j, .value = row(j), .beyond = beyond});
  }
  std::stable_sort(check->excesses.begin(), check->excesses.end(),
                   [&](const RangeExcess& a, const RangeExcess& b) {
                     return a.beyond / width(a.feature) > b.beyond / width(b.feature);
                   });
}

}  // namespace

absl::StatusOr<FeatureDomain> FeatureDomain::Fit(const Eigen::Ref<const Eigen::MatrixXd>& features,
                                                 std::vector<FeatureLabel> labels,
                                                 const FeatureDomainOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckDomainInput(features, labels, options));
  FeatureDomain domain = FitParts(features, options.most_kept_rows);
  domain.labels = std::move(labels);
  PARALLAX_RETURN_IF_ERROR(CheckVaried(domain));
  const LeftOut left_out = MeasureLeftOut(features, options.most_kept_rows);
  domain.distance_scale = DomainLimitOf(left_out.distance, kAboveScale).value;
  domain.neighbour_scale = DomainLimitOf(left_out.neighbour, kAboveScale).value;
  domain.overshoot_scale =
      std::max(kLeastOvershootScale, DomainLimitOf(left_out.overshoot, kAboveScale).value);
  const Eigen::VectorXd scores = (left_out.distance / domain.distance_scale)
                                     .cwiseMax(left_out.neighbour / domain.neighbour_scale)
                                     .cwiseMax(left_out.overshoot / domain.overshoot_scale);
  const DomainLimit limit = DomainLimitOf(scores, options.false_alarm_rate);
  domain.quantile = limit.value;
  domain.false_alarm_rate = limit.rate;
  return domain;
}

absl::StatusOr<DomainCheck> FeatureDomain::Check(
    const Eigen::Ref<const Eigen::VectorXd>& row) const {
  if (row.size() != center.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d features, the training had %d", row.size(), center.size()));
  }
  for (Eigen::Index j = 0; j < row.size(); ++j) {
    if (!std::isfinite(row(j))) {
      return absl::InvalidArgumentError(
          absl::StrFormat("feature \"%s\" is not finite", labels[j].name));
    }
  }
  DomainCheck check;
  check.quantile = quantile;
  const Eigen::VectorXd whitened = whitening * (row - center);
  check.distance = whitened.norm();
  check.neighbour = NearestRow(kept_rows, whitened, -1.0);
  check.overshoot = OvershootOf(*this, row);
  FindExcesses(*this, row, &check);
  check.score = std::max({check.distance / distance_scale, check.neighbour / neighbour_scale,
                          check.overshoot / overshoot_scale});
  check.outside = check.score > quantile;
  if (check.outside) check.because = SayOutside(*this, check);
  return check;
}

absl::Status FeatureDomain::Validate() const {
  const Eigen::Index d = center.size();
  const bool fits = d > 0 && static_cast<Eigen::Index>(labels.size()) == d && low.size() == d &&
                    high.size() == d && whitening.rows() == d && whitening.cols() == d &&
                    kept_rows.rows() > 0 && kept_rows.cols() == d;
  if (!fits) {
    return absl::InvalidArgumentError("the parts of a training domain are not of one size");
  }
  const bool figures = low.allFinite() && high.allFinite() && center.allFinite() &&
                       whitening.allFinite() && kept_rows.allFinite() &&
                       (high.array() > low.array()).all();
  const auto positive = [](double value) { return std::isfinite(value) && value > 0.0; };
  if (!figures || !positive(distance_scale) || !positive(neighbour_scale) ||
      !positive(overshoot_scale) || !positive(quantile)) {
    return absl::InvalidArgumentError(
        "a training domain's figures must be finite, its ranges and scales above 0");
  }
  return absl::OkStatus();
}

}  // namespace parallax::surrogate
