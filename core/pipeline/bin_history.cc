#include "core/pipeline/bin_history.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/signal/track.h"

namespace parallax::pipeline {

void BinHistory::Add(double time_s, double value_si) {
  // A bin is centred on a multiple of its width, so that of a channel of that very period it holds
  // one sample, whatever rounding does to the times.
  const double bin = std::floor(time_s / width_s_ + 0.5);
  if (!values_.empty() && bin != open_) Close();
  open_ = bin;
  time_sum_s_ += time_s;
  values_.push_back(value_si);
}

void BinHistory::Close() {
  if (values_.empty()) return;
  const auto samples = static_cast<double>(values_.size());
  bins_.push_back({.time_s = time_sum_s_ / samples,
                   .value_si = signal::Median(std::exchange(values_, {})),
                   .samples = samples});
  time_sum_s_ = 0.0;
  if (bins_.size() == kMostBins) Join();
}

void BinHistory::Join() {
  for (size_t k = 0; k < kMostBins / 2; ++k) {
    const Bin &a = bins_[2 * k], &b = bins_[2 * k + 1];
    const double samples = a.samples + b.samples;
    bins_[k] = {.time_s = (a.samples * a.time_s + b.samples * b.time_s) / samples,
                .value_si = (a.samples * a.value_si + b.samples * b.value_si) / samples,
                .samples = samples};
  }
  bins_.resize(kMostBins / 2);
  width_s_ *= 2.0;
}

Bin BinHistory::Over(double begin_s, double end_s) const {
  const auto before = [](const Bin& bin, double time_s) { return bin.time_s < time_s; };
  const auto first = std::lower_bound(bins_.begin(), bins_.end(), begin_s, before);
  Bin over;
  std::vector<double> values;
  for (auto bin = first; bin != bins_.end() && bin->time_s < end_s; ++bin) {
    over.time_s += bin->time_s;
    over.samples += bin->samples;
    values.push_back(bin->value_si);
  }
  if (values.empty()) return over;
  over.time_s /= static_cast<double>(values.size());
  over.value_si = signal::Median(std::move(values));
  return over;
}

}  // namespace parallax::pipeline
