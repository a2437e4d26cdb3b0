#include "core/pipeline/provenance.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/pipeline/fit.h"
#include "core/signal/clean.h"
#include "core/store/record_codec.h"

namespace parallax::pipeline {
namespace {

/// Names the method of an analysis, its defaults included; changes whenever a report does.
constexpr std::string_view kMethod = "parallax-analysis/11";

template <typename T>
std::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// Of all samples in order of arrival, and of what was measured afterwards.
std::string DigestRecord(const signal::RunRecord& record) {
  base::Sha256 digest;
  for (const signal::Series& series : record.series) {
    digest.Update(series.channel);
    digest.Update(BytesOf(series.time_unix_ns));
    digest.Update(BytesOf(series.value));
    std::string quality;
    for (const signal::Quality q : series.quality) {
      quality.push_back(static_cast<char>(signal::PackQuality(q)));
    }
    digest.Update(quality);
  }
  if (record.outcome) digest.Update(store::EncodeOutcome(*record.outcome).value_or(""));
  return digest.FinishHex();
}

calibration::SampleRange RangeOf(const signal::RunRecord& record) {
  calibration::SampleRange range;
  for (const signal::Series& series : record.series) {
    if (series.time_unix_ns.empty()) continue;
    const auto [first, last] =
        std::minmax_element(series.time_unix_ns.begin(), series.time_unix_ns.end());
    const bool fresh = range.samples == 0;
    range.first_unix_ns = fresh ? *first : std::min(range.first_unix_ns, *first);
    range.last_unix_ns = fresh ? *last : std::max(range.last_unix_ns, *last);
    range.samples += static_cast<int64_t>(series.time_unix_ns.size());
  }
  return range;
}

std::map<std::string, double> Named(const signal::CleanOptions& options) {
  return {{"hampel_half_window", options.hampel_half_window},
          {"hampel_threshold", options.hampel_threshold},
          {"spike_fault_share", options.spike_fault_share},
          {"clock_jump_s", options.clock_jump_s}};
}

std::map<std::string, double> Named(const calibration::LeastSquaresOptions& options) {
  std::map<std::string, double> named = {{"max_iterations", options.max_iterations},
                                         {"max_evaluations", options.max_evaluations},
                                         {"function_tolerance", options.function_tolerance},
                                         {"gradient_tolerance", options.gradient_tolerance},
                                         {"parameter_tolerance", options.parameter_tolerance},
                                         {"initial_radius", options.initial_radius}};
  if (options.loss == calibration::RobustLoss::kHuber) named["huber_threshold"] = kRobustThreshold;
  return named;
}

}  // namespace

calibration::Provenance MakeProvenance(const AnalysisInput& input,
                                       const calibration::LeastSquaresOptions& solver) {
  calibration::Provenance provenance{.twin = input.twin.description().name,
                                     .twin_digest = twin::Digest(input.twin.description()),
                                     .method = std::string(kMethod),
                                     .cleaning = Named(signal::CleanOptions{}),
                                     .solver = Named(solver),
                                     .seed = input.seed,
                                     .version = PARALLAX_VERSION};
  for (const signal::RunRecord& record : input.calibrate_runs) {
    provenance.run_digests[record.run.id] = DigestRecord(record);
    provenance.run_ranges[record.run.id] = RangeOf(record);
  }
  std::string options = provenance.method + "\n";
  for (const auto* named : {&provenance.cleaning, &provenance.solver}) {
    for (const auto& [name, value] : *named) options += absl::StrFormat("%s=%.17g\n", name, value);
  }
  provenance.options_digest = base::Sha256Hex(options);
  return provenance;
}

}  // namespace parallax::pipeline
