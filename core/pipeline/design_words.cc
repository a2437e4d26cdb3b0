#include "core/pipeline/design_words.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/pipeline/chirality.h"

namespace parallax::pipeline {
namespace {

constexpr size_t kMostChangesTold = 4;

/// "k0 is at fault (0.99 W/m/K, assumed 1.38)".
std::string Blame(const DesignBench& bench, const CampaignHypothesis& hypothesis) {
  const CampaignModel& coordinates = bench.belief.coordinates();
  if (hypothesis.free.empty()) return "nothing is at fault";
  const Eigen::VectorXd found =
      coordinates.Natural(hypothesis.mean.head(bench.belief.parameters()));
  const Eigen::VectorXd assumed = coordinates.Natural(coordinates.base());
  std::vector<std::string> values;
  for (const int p : hypothesis.free) {
    const twin::Parameter& parameter = coordinates.description().parameters[static_cast<size_t>(p)];
    values.push_back(
        absl::StrFormat("%.3g %s, assumed %.3g", found(p), parameter.unit, assumed(p)));
  }
  return absl::StrFormat("%s is at fault (%s)", hypothesis.name, absl::StrJoin(values, "; "));
}

/// What a row reads, in words, and in which unit.
struct RowName {
  std::string name, unit;
};

RowName NameOfRow(const twin::Description& description, const EvidenceBlock& block,
                  Eigen::Index row) {
  const RowSource& source = block.source[static_cast<size_t>(row)];
  if (source.output >= 0) {
    return {absl::StrFormat("%s at %.0f s", block.observable, block.time_s(row)),
            description.outputs[static_cast<size_t>(source.output)].unit};
  }
  const twin::Signal& outcome = description.outcomes[static_cast<size_t>(source.outcomes.front())];
  if (const std::optional<Chirality> species = SpeciesOf(outcome.channel_id)) {
    return {"the share of " + ToString(*species), "1"};
  }
  if (outcome.line_per_cm > 0.0) {
    return {absl::StrFormat("the Raman line at %.0f /cm", outcome.line_per_cm), "1"};
  }
  return {absl::StrFormat("%s after the run", outcome.channel_id), outcome.unit};
}

}  // namespace

std::vector<PairSeparation> PairsOf(const DesignBench& bench, const DesignCandidate& candidate,
                                    const Eigen::MatrixXd& divergence) {
  const std::vector<CampaignHypothesis>& hypotheses = bench.belief.hypotheses();
  const Eigen::LLT<Eigen::MatrixXd> own(candidate.own_covariance);
  std::vector<PairSeparation> pairs;
  for (size_t a = 0; a < hypotheses.size(); ++a) {
    const Eigen::MatrixXd& rows = candidate.foreseen[a].sensitivity;
    const Eigen::MatrixXd information =
        hypotheses[a].information + rows.transpose() * own.solve(rows);
    for (size_t b = a + 1; b < hypotheses.size(); ++b) {
      const auto i = static_cast<Eigen::Index>(a), j = static_cast<Eigen::Index>(b);
      pairs.push_back({.one = a,
                       .other = b,
                       .nats = std::min(divergence(i, j), divergence(j, i)),
                       .needed = LeadToResolve(hypotheses[a], hypotheses[b],
                                               bench.belief.parameters(), information)});
    }
  }
  std::stable_sort(
      pairs.begin(), pairs.end(),
      [](const PairSeparation& x, const PairSeparation& y) { return x.nats > y.nats; });
  return pairs;
}

std::string WouldChange(const DesignBench& bench, const DesignCandidate& candidate,
                        const PairSeparation& pair) {
  const CampaignHypothesis& one = bench.belief.hypotheses()[pair.one];
  const CampaignHypothesis& other = bench.belief.hypotheses()[pair.other];
  const ForeseenRun& by_one = candidate.foreseen[pair.one];
  const ForeseenRun& by_other = candidate.foreseen[pair.other];
  const auto variances = [&](const ForeseenRun& run, const CampaignHypothesis& of) {
    return Eigen::VectorXd(
        (run.sensitivity * of.covariance).cwiseProduct(run.sensitivity).rowwise().sum() +
        candidate.own_covariance.diagonal());
  };
  const Eigen::VectorXd sd =
      (0.5 * (variances(by_one, one) + variances(by_other, other))).cwiseSqrt();
  Eigen::Index row = 0;
  (by_one.rows - by_other.rows).cwiseAbs().cwiseQuotient(sd).maxCoeff(&row);
  const auto block =
      std::find_if(candidate.planned.blocks.begin(), candidate.planned.blocks.end(),
                   [row](const EvidenceBlock& b) { return row < b.begin + b.rows(); });
  const RowName name = NameOfRow(bench.twin.description(), *block, row - block->begin);
  return absl::StrFormat("If %s, %s reads %s; if %s, %s; each to within %s.", Blame(bench, one),
                         name.name, SayValue(by_one.rows(row), name.unit), Blame(bench, other),
                         SayValue(by_other.rows(row), name.unit), SayValue(sd(row), name.unit, 2));
}

std::string SayValue(double value_si, const std::string& unit, int digits) {
  double value = value_si;
  std::string in = unit == "1" ? "" : " " + unit;
  if (unit == "m") {
    const bool tube = std::abs(value_si) < 2e-8;
    value *= tube ? 1e9 : 1e6;
    in = tube ? " nm" : " um";
  }
  return absl::StrFormat("%.*g%s", digits, value, in);
}

std::string ChangesInWords(const RecipeBox& box, const Eigen::VectorXd& point) {
  std::vector<std::string> changes;
  for (Eigen::Index k = 0; k < point.size(); ++k) {
    if (point(k) == box.usual()(k)) continue;
    const auto i = static_cast<size_t>(k);
    changes.push_back(
        absl::StrCat(box.box().knobs()[i].name, " ", SayValue(point(k), box.units()[i])));
  }
  if (changes.empty()) return "the usual recipe";
  if (changes.size() > kMostChangesTold) {
    const size_t more = changes.size() - kMostChangesTold;
    changes.resize(kMostChangesTold);
    changes.push_back(absl::StrFormat("%d more", more));
  }
  return absl::StrJoin(changes, ", ");
}

std::vector<std::string> Extrapolations(const DesignBench& bench,
                                        const DesignCandidate& candidate) {
  std::vector<std::string> sentences;
  for (const twin::DomainRange& reached : candidate.planned.outside_domain) {
    for (const twin::DomainRange& declared : bench.twin.description().domain) {
      if (declared.quantity != reached.quantity) continue;
      sentences.push_back(absl::StrFormat(
          "%s reaches %g to %g %s, but the twin is meant for %g to %g: it extrapolates there.",
          reached.quantity, reached.low, reached.high, reached.unit, declared.low, declared.high));
    }
  }
  return sentences;
}

}  // namespace parallax::pipeline
