#include "core/pipeline/campaign_terms.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/attribution/verdict_thresholds.h"

namespace parallax::pipeline {
namespace {

constexpr attribution::EvidenceRules kRules;
const double kParameterOdds = std::log(attribution::kPriorOdds.parameter);
const double kSensorOdds = std::log(attribution::kPriorOdds.sensor);
const double kMissingOdds = std::log(attribution::kPriorOdds.missing);
constexpr int kKnots = 5;  ///< of a free form in each run

/// Blocks of one channel over the campaign.
using Blocks = std::vector<const EvidenceBlock*>;

/// Position of each run in order of time, from -1 to 1.
std::vector<double> PlacesInTime(const CampaignModel& model) {
  const size_t n = model.runs().size();
  std::vector<size_t> order(n);
  for (size_t i = 0; i < n; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return model.runs()[a].started_at_unix_ns < model.runs()[b].started_at_unix_ns;
  });
  std::vector<double> places(n, 0.0);
  for (size_t k = 0; k < n && n > 1; ++k) {
    places[order[k]] = 2.0 * static_cast<double>(k) / static_cast<double>(n - 1) - 1.0;
  }
  return places;
}

double PlaceInRun(const EvidenceBlock& block, Eigen::Index i) {
  const double span_s = block.time_s.maxCoeff() - block.time_s.minCoeff();
  return span_s > 0.0 ? 2.0 * (block.time_s(i) - block.time_s.minCoeff()) / span_s - 1.0 : 0.0;
}

/// Fills column entries: weight(block, row) × scale of the misreport in that row.
class Writer {
 public:
  Writer(const CampaignModel& model, const Blocks& blocks) : model_(model), blocks_(blocks) {}

  using Weight = std::function<double(const EvidenceBlock& block, Eigen::Index row)>;

  Eigen::MatrixXd Column(double sd, double share, const Weight& weight) const {
    Eigen::MatrixXd column = Eigen::MatrixXd::Zero(model_.rows(), 1);
    for (const EvidenceBlock* block : blocks_) {
      for (Eigen::Index i = 0; i < block->rows(); ++i) {
        // An instrument multiplies what is true, which is the prediction where it alone is at
        // fault; as a share of its own readings an eightfold reading would be a gain of a few sds.
        const double scale = sd > 0.0 ? sd : share * block->assumed(i);
        column(block->begin + i, 0) = weight(*block, i) * scale;
      }
    }
    return column;
  }

  /// One column a run, weight by (run of the column, run of the row).
  Eigen::MatrixXd RunColumns(double sd, double share,
                             const std::function<double(int column, int run)>& weight) const {
    const auto runs = static_cast<int>(model_.runs().size());
    Eigen::MatrixXd columns(model_.rows(), runs);
    for (int r = 0; r < runs; ++r) {
      columns.col(r) = Column(sd, share, [&](const EvidenceBlock& block, Eigen::Index) {
        return weight(r, block.run);
      });
    }
    return columns;
  }

 private:
  const CampaignModel& model_;
  const Blocks& blocks_;
};

struct Fault {
  std::string words;
  Eigen::MatrixXd columns;
};

void AddFaults(const CampaignModel& model, const Blocks& blocks, double sd, double share,
               const std::string& what, std::vector<Fault>* faults) {
  if (sd <= 0.0 && share <= 0.0) return;
  const Writer writer(model, blocks);
  const std::vector<double> places = PlacesInTime(model);
  const auto place = [&](int run) { return places[static_cast<size_t>(run)]; };
  const auto runs = static_cast<double>(model.runs().size());
  faults->push_back({what, writer.Column(sd, share, [](const auto&, auto) { return 1.0; })});
  faults->push_back({what + " that drifts within each run",
                     writer.Column(sd, share, [](const EvidenceBlock& block, Eigen::Index i) {
                       return PlaceInRun(block, i);
                     })});
  if (std::ssize(model.runs()) < kRules.least_runs) return;
  faults->push_back({what + " that drifts from run to run",
                     writer.Column(sd, share, [&](const EvidenceBlock& block, auto) {
                       return 1.0 + place(block.run);
                     })});
  faults->push_back({what + " that wanders from run to run",
                     writer.RunColumns(sd, share, [&](int column, int run) {
                       return place(run) >= place(column) ? 2.0 / std::sqrt(runs) : 0.0;
                     })});
  faults->push_back({what + " that differs from run to run",
                     writer.RunColumns(sd, share, [](int column, int run) {
                       return column == run ? 1.0 : 0.0;
                     })});
}

/// Hat functions over each run's rows: whatever shape, in each run another. Rows of a family of
/// outcomes are each free.
Eigen::MatrixXd FreeForm(const CampaignModel& model, const Blocks& blocks,
                         const twin::Trust& trust) {
  std::vector<Eigen::VectorXd> columns;
  for (const EvidenceBlock* block : blocks) {
    const Eigen::VectorXd scale =
        Scale(*block, trust.free_sd, trust.free_share).cwiseMax(trust.free_share * block->assumed);
    const bool outcomes = block->source.front().output < 0;
    const Eigen::Index n = outcomes ? block->rows() : std::min<Eigen::Index>(kKnots, block->rows());
    for (Eigen::Index k = 0; k < n; ++k) {
      Eigen::VectorXd column = Eigen::VectorXd::Zero(model.rows());
      for (Eigen::Index i = 0; i < block->rows(); ++i) {
        const double at = outcomes
                              ? static_cast<double>(i)
                              : 0.5 * (PlaceInRun(*block, i) + 1.0) * static_cast<double>(n - 1);
        const double hat = std::max(0.0, 1.0 - std::abs(at - static_cast<double>(k)));
        column(block->begin + i) = hat * scale(i);
      }
      columns.push_back(std::move(column));
    }
  }
  Eigen::MatrixXd out(model.rows(), static_cast<Eigen::Index>(columns.size()));
  for (size_t k = 0; k < columns.size(); ++k) out.col(static_cast<Eigen::Index>(k)) = columns[k];
  return out;
}

void AddSensorTerms(const CampaignModel& model, const CampaignNoise& noise,
                    const std::string& channel, const Blocks& blocks, const twin::Trust& trust,
                    std::vector<Term>* terms) {
  std::vector<Fault> faults;
  AddFaults(model, blocks, trust.fault_sd, 0.0, "offset", &faults);
  AddFaults(model, blocks, 0.0, trust.fault_share, "gain error", &faults);
  for (Fault& fault : faults) {
    Term term{.kind = TermKind::kSensor,
              .parameter = -1,
              .channel = channel,
              .fault = std::move(fault.words),
              .log_prior_odds = kSensorOdds - std::log(static_cast<double>(faults.size())),
              .columns = noise.Whiten(fault.columns)};
    term.whitener = LowRankWhitener(term.columns);
    terms->push_back(std::move(term));
  }
}

}  // namespace

std::vector<Term> MakeTerms(const CampaignModel& model, const std::vector<twin::Trust>& trust,
                            const CampaignNoise& noise, const Eigen::MatrixXd& jacobian) {
  std::vector<Term> terms;
  const Eigen::MatrixXd whitened = noise.Whiten(jacobian);
  for (int p = 0; p < model.parameters(); ++p) {
    if (whitened.col(p).norm() < kRules.least_sensitivity) continue;
    terms.push_back({.kind = TermKind::kParameter,
                     .parameter = p,
                     .channel = {},
                     .fault = {},
                     .log_prior_odds = kParameterOdds,
                     .columns = Eigen::MatrixXd(model.rows(), 0)});
  }
  std::map<std::string, Blocks> by_channel;
  for (const EvidenceBlock& block : model.blocks()) by_channel[block.channel].push_back(&block);
  for (const auto& [channel, blocks] : by_channel) {
    AddSensorTerms(model, noise, channel, blocks, *FindTrust(trust, blocks.front()->observable),
                   &terms);
  }
  std::map<std::string, Blocks> by_observable;
  for (const EvidenceBlock& block : model.blocks()) {
    // Both ways of measuring a forest see the same forest.
    const bool forest = block.observable == "height_ex_situ";
    by_observable[forest ? "height" : block.observable].push_back(&block);
  }
  for (const auto& [observable, blocks] : by_observable) {
    const twin::Trust& stated = *FindTrust(trust, observable);
    if (stated.free_sd <= 0.0 && stated.free_share <= 0.0) continue;
    Term term{.kind = TermKind::kMissing,
              .parameter = -1,
              .channel = observable,
              .fault = {},
              .log_prior_odds = kMissingOdds,
              .columns = noise.Whiten(FreeForm(model, blocks, stated))};
    term.whitener = LowRankWhitener(term.columns);
    terms.push_back(std::move(term));
  }
  return terms;
}

std::vector<std::string> SilentParameters(const CampaignModel& model,
                                          const std::vector<Term>& terms) {
  std::vector<std::string> silent;
  for (int p = 0; p < model.parameters(); ++p) {
    const bool heard = std::any_of(terms.begin(), terms.end(),
                                   [p](const Term& term) { return term.parameter == p; });
    if (!heard) silent.push_back(model.description().parameters[static_cast<size_t>(p)].name);
  }
  return silent;
}

std::string NameOf(const Term& term, const twin::Description& description) {
  switch (term.kind) {
    case TermKind::kParameter:
      return description.parameters[static_cast<size_t>(term.parameter)].name;
    case TermKind::kSensor:
      return absl::StrFormat("%s: %s", term.channel, term.fault);
    case TermKind::kMissing:
      break;
  }
  return absl::StrFormat("something missing in %s", term.channel);
}

}  // namespace parallax::pipeline
