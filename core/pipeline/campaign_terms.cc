#include "core/pipeline/campaign_terms.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/attribution/verdict_thresholds.h"

namespace parallax::pipeline {
namespace {

constexpr int kKnots = 5;                  ///< of a free form in each run
constexpr double kLeastHalfRangeK = 10.0;  ///< of temperatures that differ

/// BlocksOfOne of one channel over the campaign.
using BlocksOfOne = std::vector<const EvidenceBlock*>;

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
  Writer(const CampaignModel& model, const BlocksOfOne& blocks) : model_(model), blocks_(blocks) {}

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
  const BlocksOfOne& blocks_;
};

struct Fault {
  std::string words;
  Eigen::MatrixXd columns;
};

void AddFaults(const CampaignModel& model, const BlocksOfOne& blocks, double sd, double share,
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
  if (std::ssize(model.runs()) < attribution::kEvidenceRules.least_runs) return;
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
Eigen::MatrixXd FreeForm(const CampaignModel& model, const BlocksOfOne& blocks,
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

/// Temperatures of growth as numbers about 0, the hottest run 2 above the coldest; runs without
/// growth at 0.
std::vector<double> PlacesInTemperature(const CampaignModel& model) {
  std::vector<double> grown;
  for (const CampaignRun& run : model.runs()) {
    if (run.growth_k > 0.0) grown.push_back(run.growth_k);
  }
  std::vector<double> places(model.runs().size(), 0.0);
  if (grown.empty()) return places;
  const auto [low, high] = std::minmax_element(grown.begin(), grown.end());
  const double half_k = std::max(kLeastHalfRangeK, 0.5 * (*high - *low));
  double mean_k = 0.0;
  for (const double t : grown) mean_k += t / static_cast<double>(grown.size());
  for (size_t r = 0; r < places.size(); ++r) {
    const double t = model.runs()[r].growth_k;
    if (t > 0.0) places[r] = (t - mean_k) / half_k;
  }
  return places;
}

/// Whatever holds growth back the more of it there is, in the hot as strongly as in the cold or
/// not: to first and second order in what has grown. A resistance that is one of the twin's
/// parameters is one number for all runs; what it stands for may be cooling, or depletion of the
/// gas.
Eigen::MatrixXd Slowing(const CampaignModel& model, const BlocksOfOne& blocks, double share) {
  double most = 0.0;
  for (const EvidenceBlock* block : blocks) most = std::max(most, block->assumed.maxCoeff());
  Eigen::MatrixXd columns = Eigen::MatrixXd::Zero(model.rows(), 4);
  if (!(most > 0.0)) return columns;
  const std::vector<double> places = PlacesInTemperature(model);
  for (const EvidenceBlock* block : blocks) {
    const double place = places[static_cast<size_t>(block->run)];
    for (Eigen::Index i = 0; i < block->rows(); ++i) {
      const double first = share * block->assumed(i) * block->assumed(i) / most;
      const double second = first * block->assumed(i) / most;
      columns.row(block->begin + i) << first, first * place, second, second * place;
    }
  }
  return columns;
}

/// BlocksOfOne by what they show of growth: both ways of measuring a forest see the same forest,
/// and the lines of a sample the species that were counted on it; where they were, lines are left
/// alone.
std::map<std::string, BlocksOfOne> ByWhatTheyShow(const CampaignModel& model) {
  std::set<int> counted;
  for (const EvidenceBlock& block : model.blocks()) {
    if (block.observable == "share") counted.insert(block.run);
  }
  std::map<std::string, BlocksOfOne> shown;
  for (const EvidenceBlock& block : model.blocks()) {
    std::string what = block.observable;
    if (what == "height_ex_situ") what = "height";
    if (what == "rbm" && !counted.contains(block.run)) what = "share";
    shown[what].push_back(&block);
  }
  return shown;
}

void AddSensorTerms(const CampaignModel& model, const CampaignNoise& noise,
                    const std::string& channel, const BlocksOfOne& blocks, const twin::Trust& trust,
                    std::vector<Term>* terms) {
  std::vector<Fault> faults;
  AddFaults(model, blocks, trust.fault_sd, 0.0, "offset", &faults);
  AddFaults(model, blocks, 0.0, trust.fault_share, "gain error", &faults);
  for (Fault& fault : faults) {
    Term term{.kind = TermKind::kSensor,
              .parameter = -1,
              .channel = channel,
              .fault = std::move(fault.words),
              .log_prior_odds =
                  attribution::kLogSensorOdds - std::log(static_cast<double>(faults.size())),
              .columns = noise.Whiten(fault.columns)};
    term.whitener = LowRankWhitener(term.columns);
    terms->push_back(std::move(term));
  }
}

void AddMissing(const std::string& observable, const std::string& how, Eigen::MatrixXd columns,
                std::vector<Term>* terms) {
  Term term{.kind = TermKind::kMissing,
            .parameter = -1,
            .channel = observable,
            .fault = how,
            .log_prior_odds = attribution::kLogMissingOdds,
            .columns = std::move(columns)};
  term.whitener = LowRankWhitener(term.columns);
  terms->push_back(std::move(term));
}

}  // namespace

std::vector<Term> MakeTerms(const CampaignModel& model, const std::vector<twin::Trust>& trust,
                            const CampaignNoise& noise, const Eigen::MatrixXd& jacobian) {
  std::vector<Term> terms;
  const Eigen::MatrixXd whitened = noise.Whiten(jacobian);
  for (int p = 0; p < model.parameters(); ++p) {
    if (whitened.col(p).norm() < attribution::kEvidenceRules.least_sensitivity) continue;
    terms.push_back({.kind = TermKind::kParameter,
                     .parameter = p,
                     .channel = {},
                     .fault = {},
                     .log_prior_odds = attribution::kLogParameterOdds,
                     .columns = Eigen::MatrixXd(model.rows(), 0)});
  }
  std::map<std::string, BlocksOfOne> by_channel;
  for (const EvidenceBlock& block : model.blocks()) by_channel[block.channel].push_back(&block);
  for (const auto& [channel, blocks] : by_channel) {
    AddSensorTerms(model, noise, channel, blocks, *FindTrust(trust, blocks.front()->observable),
                   &terms);
  }
  for (const auto& [observable, blocks] : ByWhatTheyShow(model)) {
    const twin::Trust& stated = *FindTrust(trust, observable);
    if (stated.free_sd <= 0.0 && stated.free_share <= 0.0) continue;
    AddMissing(observable, "", noise.Whiten(FreeForm(model, blocks, stated)), &terms);
    if (stated.slowing_share <= 0.0) continue;
    AddMissing(observable, "holds back what has grown",
               noise.Whiten(Slowing(model, blocks, stated.slowing_share)), &terms);
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
  return absl::StrFormat("something missing in %s%s", term.channel,
                         term.fault.empty() ? "" : " that " + term.fault);
}

}  // namespace parallax::pipeline
