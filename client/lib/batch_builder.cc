#include "client/lib/batch_builder.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace parallax::client {
namespace {

/// Evenly spaced samples need their period only.
void UsePeriodWhereEven(v1::ChannelSamples& samples) {
  const auto& deltas = samples.delta_time_ns();
  if (deltas.empty()) return;
  const int64_t period_ns = deltas[0];
  const bool even = std::all_of(deltas.begin(), deltas.end(),
                                [period_ns](int64_t delta) { return delta == period_ns; });
  if (!even) return;
  samples.set_period_ns(period_ns);
  samples.clear_delta_time_ns();
}

}  // namespace

BatchBuilder::BatchBuilder(std::vector<uint32_t> channel_index, BatchCut cut)
    : channel_index_(std::move(channel_index)),
      cut_(cut),
      ascending_(channel_index_.size()),
      columns_(channel_index_.size()),
      last_time_unix_ns_(channel_index_.size()) {
  std::iota(ascending_.begin(), ascending_.end(), size_t{0});
  std::sort(ascending_.begin(), ascending_.end(),
            [this](size_t a, size_t b) { return channel_index_[a] < channel_index_[b]; });
}

void BatchBuilder::BeginRow(int64_t time_unix_ns) {
  const absl::Duration step = absl::Nanoseconds(any_row_ ? time_unix_ns - row_unix_ns_ : 0);
  if (step > absl::ZeroDuration() && step <= kLongestStep) passed_ += step;
  any_row_ = true;
  row_unix_ns_ = time_unix_ns;
  if (cut_.span == absl::InfiniteDuration()) return;
  absl::Duration rest;
  const int64_t span = absl::IDivDuration(passed_, cut_.span, &rest);
  if (span != span_ && rows_ > 0) Flush();
  span_ = span;
}

void BatchBuilder::Add(size_t column, double value) {
  v1::ChannelSamples& samples = columns_[column];
  if (samples.value().empty()) {
    samples.set_first_time_unix_ns(row_unix_ns_);
  } else {
    samples.add_delta_time_ns(row_unix_ns_ - last_time_unix_ns_[column]);
  }
  samples.add_value(value);
  last_time_unix_ns_[column] = row_unix_ns_;
  row_has_sample_ = true;
}

void BatchBuilder::EndRow() {
  if (!row_has_sample_) return;
  row_has_sample_ = false;
  last_row_ = passed_;
  if (++rows_ == cut_.rows) Flush();
}

void BatchBuilder::Flush() {
  v1::SampleBatch& batch = batches_.emplace_back();
  batch.set_seq(batches_.size() - 1);
  measured_.push_back(last_row_);
  for (const size_t column : ascending_) {
    if (columns_[column].value().empty()) continue;
    UsePeriodWhereEven(columns_[column]);
    columns_[column].set_channel_index(channel_index_[column]);
    *batch.add_columns() = std::move(columns_[column]);
    columns_[column] = v1::ChannelSamples();
  }
  rows_ = 0;
}

std::vector<v1::SampleBatch> BatchBuilder::Finish() {
  if (rows_ > 0) Flush();
  return std::move(batches_);
}

}  // namespace parallax::client
