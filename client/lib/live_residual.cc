#include "client/lib/live_residual.h"

#include <algorithm>
#include <cmath>

#include "client/lib/sample_text.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

/// One output of a twin over the time since the run's start.
struct Predicted {
  std::vector<double> time_s;
  std::vector<double> value;

  /// NaN outside of what was predicted.
  double At(double time) const {
    const auto after = std::lower_bound(time_s.begin(), time_s.end(), time);
    if (after == time_s.end()) return std::nan("");
    const auto i = static_cast<size_t>(after - time_s.begin());
    if (*after == time) return value[i];
    if (i == 0) return std::nan("");
    const double share = (time - time_s[i - 1]) / (time_s[i] - time_s[i - 1]);
    return value[i - 1] + share * (value[i] - value[i - 1]);
  }
};

absl::StatusOr<std::map<std::string, Predicted>> Predict(Client& client, const std::string& run,
                                                         const std::string& set) {
  v1::SimulateRequest request;
  request.set_run(run);
  request.set_parameter_set(set);
  request.set_mode(v1::DRIVE_MODE_MEASURED);
  std::map<std::string, Predicted> predicted;
  PARALLAX_RETURN_IF_ERROR(client.Simulate(request, [&](const v1::SimulateResponse& part) {
    for (const v1::PredictedSignal& signal : part.signals()) {
      if (signal.value_size() != part.time_s_size()) {
        return absl::InternalError("the daemon sent a prediction with vectors of unequal length");
      }
      Predicted& target = predicted[signal.channel()];
      target.time_s.insert(target.time_s.end(), part.time_s().begin(), part.time_s().end());
      target.value.insert(target.value.end(), signal.value().begin(), signal.value().end());
    }
    return absl::OkStatus();
  }));
  return predicted;
}

/// Of the good samples of one channel from `live.first_unix_ns` to `live.last_unix_ns`.
absl::StatusOr<ResidualFigure> Compare(Client& client, const std::string& run,
                                       int64_t start_unix_ns, const ResidualFigure& live,
                                       const Predicted& predicted) {
  v1::GetSeriesRequest request;
  request.set_run(run);
  request.set_channel(live.channel);
  request.set_form(v1::SERIES_FORM_RAW);
  double squares = 0.0;
  ResidualFigure figure = live;
  figure.samples = 0;
  PARALLAX_RETURN_IF_ERROR(client.GetSeries(request, [&](const v1::GetSeriesResponse& part) {
    for (int i = 0; i < std::min(part.time_unix_ns_size(), part.value_size()); ++i) {
      const int64_t time = part.time_unix_ns(i);
      if (time < live.first_unix_ns || time > live.last_unix_ns) continue;
      const auto index = static_cast<size_t>(i);
      const bool good =
          index >= part.quality().size() || QualityText(part.quality()[index]) == "good";
      const double residual =
          part.value(i) - predicted.At(static_cast<double>(time - start_unix_ns) * 1e-9);
      if (!good || !std::isfinite(residual)) continue;
      squares += residual * residual;
      ++figure.samples;
    }
    return absl::OkStatus();
  }));
  figure.rms = std::sqrt(squares / static_cast<double>(std::max<size_t>(figure.samples, 1)));
  return figure;
}

}  // namespace

void LiveResiduals::Take(const v1::RunPoints& points) {
  for (const v1::ChannelPoints& channel : points.channels()) {
    Sum& sum = sums_[channel.channel()];
    sum.unit = channel.unit();
    for (int i = 0; i < std::min(channel.predicted_size(), channel.value_size()); ++i) {
      const double residual = channel.value(i) - channel.predicted(i);
      const int64_t time = channel.time_unix_ns(i);
      const bool told = sum.samples > 0 && time <= sum.last_unix_ns;
      // A sample that was left out of the filter, or is out of range, was judged by nobody.
      if (told || !std::isfinite(residual) || std::isnan(channel.residual(i))) continue;
      sum.squares += residual * residual;
      if (sum.samples++ == 0) sum.first_unix_ns = time;
      sum.last_unix_ns = time;
    }
  }
}

std::vector<ResidualFigure> LiveResiduals::Figures() const {
  std::vector<ResidualFigure> figures;
  for (const auto& [channel, sum] : sums_) {
    if (sum.samples == 0) continue;
    figures.push_back({.channel = channel,
                       .unit = sum.unit,
                       .rms = std::sqrt(sum.squares / static_cast<double>(sum.samples)),
                       .samples = sum.samples,
                       .first_unix_ns = sum.first_unix_ns,
                       .last_unix_ns = sum.last_unix_ns});
  }
  return figures;
}

absl::StatusOr<std::vector<ResidualFigure>> ResidualsWith(Client& client, const std::string& run,
                                                          const std::string& set,
                                                          const std::vector<ResidualFigure>& live) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::GetRunResponse stored, client.GetRun(run));
  const auto& start = stored.run().start_time();
  const int64_t start_unix_ns = start.seconds() * 1'000'000'000 + start.nanos();
  PARALLAX_ASSIGN_OR_RETURN(const auto predicted, Predict(client, run, set));
  std::vector<ResidualFigure> figures;
  for (const ResidualFigure& one : live) {
    const auto found = predicted.find(one.channel);
    if (found == predicted.end()) continue;
    PARALLAX_ASSIGN_OR_RETURN(ResidualFigure figure,
                              Compare(client, run, start_unix_ns, one, found->second));
    if (figure.samples > 0) figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace parallax::client
