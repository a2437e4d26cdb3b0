#pragma once

#include <array>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/clean.h"
#include "core/signal/kalman.h"

namespace parallax::signal {

/// How a channel is modelled for filtering: a level whose slope walks, read with white noise.
struct FilterModel {
  double measurement_sd = 0.0;        ///< of one reading [SI], > 0
  double slope_variance_per_s = 0.0;  ///< growth of the slope's variance [SI^2/s^3], >= 0
};

/// Model of a series: measurement noise from its second differences (never under resolution /
/// sqrt(12)), slope variance by maximum likelihood over half-decades on at most 2,000 good samples.
/// Errors: FailedPrecondition with fewer than 4 good samples.
absl::StatusOr<FilterModel> EstimateFilterModel(const CleanSeries& series);

/// A series of the same length and times as its source.
struct FilteredSeries {
  std::vector<double> time_s;
  std::vector<double> value_si;  ///< smoothed level
  std::vector<double> sd_si;     ///< its posterior sd
};

/// Smooths a channel over the whole run (Rauch-Tung-Striebel): samples that are not good do not
/// inform it, but get a value like all others. For display and export; a likelihood with
/// independent noise must never be fed with it.
/// Errors: FailedPrecondition with fewer than 4 good samples.
absl::StatusOr<FilteredSeries> FilterSeries(const CleanSeries& series);

/// What the live filter says after a reading.
struct LivePoint {
  double value_si = 0.0;  ///< filtered level
  double sd_si = 0.0;
  double standardised = 0.0;  ///< innovation in its own sds; 0 while the start is not fixed
  double weight = 1.0;        ///< under 1: the reading was weighted down as an outlier
};

/// Filter state of one channel of a run in progress: Huber weights keep single spikes from moving
/// the level. kMoved readings in a row beyond kHuber on one side are no spikes: the signal itself
/// has moved, and the filter starts anew from them. One-owner, not thread-safe.
class LiveFilter {
 public:
  static constexpr double kHuber = 3.0;  ///< sds from which a reading is weighted down
  static constexpr size_t kMoved = 3;

  /// Errors: InvalidArgument where measurement_sd is not > 0 or slope_variance_per_s is < 0.
  static absl::StatusOr<LiveFilter> Create(const FilterModel& model);

  /// Goes on with another model. Errors: as Create; the model stays as it was.
  absl::Status SetModel(const FilterModel& model);

  /// Takes a reading; nullopt where it is not later than the last one, which leaves the state as
  /// it is (the series is smoothed in order once the run ends).
  std::optional<LivePoint> Update(double time_s, double value_si);

  /// What is expected at a moment not before the last reading, which leaves the state as it is;
  /// nullopt before the first reading.
  std::optional<LivePoint> Expect(double time_s) const;

 private:
  struct Outlier {
    double time_s = 0.0;
    double value_si = 0.0;
  };

  LiveFilter(const FilterModel& model, KalmanFilter filter)
      : model_(model), filter_(std::move(filter)) {}
  LivePoint Point() const;
  /// Whether this reading is the last of kMoved in a row.
  bool HasMoved(const Innovation& innovation, double time_s, double value_si);
  void StartAnew();

  FilterModel model_;
  KalmanFilter filter_;
  std::optional<double> last_s_;
  std::array<Outlier, kMoved> outliers_;  ///< in a row on one side; the first `outlying_` are set
  size_t outlying_ = 0;
  bool above_ = false;  ///< the side
};

}  // namespace parallax::signal
