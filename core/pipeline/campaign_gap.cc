#include "core/pipeline/campaign_gap.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/attribution/verdict_thresholds.h"
#include "core/base/random.h"
#include "core/divergence/permutation.h"
#include "core/divergence/resampling.h"

namespace parallax::pipeline {
namespace {

constexpr int kCampaigns = 1999;
constexpr uint64_t kGapStream = 0x676170;  // "gap"

}  // namespace

void SilenceChannels(const CampaignModel& model, const std::vector<std::string>& channels,
                     Eigen::Ref<Eigen::MatrixXd> rows) {
  for (const EvidenceBlock& block : model.blocks()) {
    if (std::find(channels.begin(), channels.end(), block.channel) == channels.end()) continue;
    rows.middleRows(block.begin, block.rows()).setZero();
  }
}

Eigen::VectorXd WithoutChannels(const CampaignModel& model,
                                const std::vector<std::string>& channels,
                                Eigen::VectorXd residuals) {
  SilenceChannels(model, channels, residuals);
  return residuals;
}

double ExcessRemoved(double before, double after, double centre) {
  if (!(before > centre)) return std::nan("");
  return std::clamp(1.0 - (after - centre) / (before - centre), -1.0, 1.0);
}

CampaignGauge::CampaignGauge(const CampaignModel& model, const CampaignNoise& noise, uint64_t seed)
    : model_(&model), noise_(&noise) {
  for (int i = 0; i < kCampaigns; ++i) {
    base::Random random(seed, kGapStream + static_cast<uint64_t>(i));
    const Eigen::VectorXd errors = noise.Draw(&random);
    null_.push_back(Gap(errors));
    for (const auto& [name, gap] : ByObservable(errors)) null_of_[name].push_back(gap);
    const Eigen::VectorXd squared = errors.cwiseQuotient(noise.row_sd()).cwiseAbs2();
    for (const EvidenceBlock& block : model.blocks()) {
      std::vector<double>& part = null_part_[block.channel];
      part.resize(kCampaigns, 0.0);
      part[static_cast<size_t>(i)] +=
          squared.segment(block.begin, block.rows()).sum() / static_cast<double>(model.rows());
    }
  }
  floor_ = divergence::Quantile(null_, attribution::kEvidenceRules.floor_quantile);
}

double CampaignGauge::Centre(const std::vector<std::string>& without) const {
  std::vector<double> gaps(null_.size(), 0.0);
  for (const auto& [channel, part] : null_part_) {
    if (std::find(without.begin(), without.end(), channel) != without.end()) continue;
    for (size_t i = 0; i < gaps.size(); ++i) gaps[i] += part[i];
  }
  return divergence::Quantile(std::move(gaps), 0.5);
}

double CampaignGauge::Gap(const Eigen::VectorXd& residuals) const {
  return residuals.cwiseQuotient(noise_->row_sd()).squaredNorm() /
         static_cast<double>(residuals.size());
}

std::map<std::string, double> CampaignGauge::MeanSquares(const Eigen::VectorXd& residuals,
                                                         const Eigen::VectorXd& sd) const {
  std::map<std::string, double> sum, rows;
  for (const EvidenceBlock& block : model_->blocks()) {
    sum[block.observable] += residuals.segment(block.begin, block.rows())
                                 .cwiseQuotient(sd.segment(block.begin, block.rows()))
                                 .squaredNorm();
    rows[block.observable] += static_cast<double>(block.rows());
  }
  for (auto& [name, value] : sum) value /= rows[name];
  return sum;
}

std::map<std::string, double> CampaignGauge::ByObservable(const Eigen::VectorXd& residuals) const {
  return MeanSquares(residuals, noise_->row_sd());
}

std::map<std::string, double> CampaignGauge::Misfit(const Eigen::VectorXd& residuals) const {
  return MeanSquares(residuals, noise_->fitted_sd());
}

std::map<std::string, double> CampaignGauge::MisfitPValues(const Eigen::VectorXd& residuals) const {
  std::map<std::string, double> out;
  for (const auto& [name, z2] : Misfit(residuals))
    out[name] = divergence::TailShare(null_of_.at(name), z2);
  return out;
}

std::map<std::string, double> CampaignGauge::Chance() const {
  std::map<std::string, double> out;
  for (const auto& [name, null] : null_of_) {
    out[name] = divergence::Quantile(null, attribution::kEvidenceRules.misfit_quantile);
  }
  return out;
}

double CampaignGauge::PValue(double gap) const { return divergence::TailShare(null_, gap); }

std::map<std::string, double> CampaignGauge::PValues(const Eigen::VectorXd& residuals) const {
  std::vector<std::string> names;
  std::vector<double> p;
  for (const auto& [name, gap] : ByObservable(residuals)) {
    names.push_back(name);
    p.push_back(divergence::TailShare(null_of_.at(name), gap));
  }
  const std::vector<double> adjusted = divergence::HolmAdjust(p);
  std::map<std::string, double> out;
  for (size_t i = 0; i < names.size(); ++i) out[names[i]] = adjusted[i];
  return out;
}

}  // namespace parallax::pipeline
