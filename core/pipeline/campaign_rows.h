#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/clock_offset.h"
#include "core/pipeline/instrument_lag.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/readback.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Where one row of evidence finds its prediction: a mean over the moments of the samples whose
/// median it is, or a sum of outcomes (one line of a spectrum holds several species), as such or as
/// a share of a larger sum. A mean and not the middle: a heater's duty follows the noise of the
/// thermocouple that drives the twin, which a median of readings has averaged out.
struct RowSource {
  int output = -1;  ///< of the twin; -1: outcomes
  std::vector<GridPoint> points;
  std::vector<int> outcomes;
  std::vector<int> among;  ///< outcomes whose sum the row is a share of; empty: it is no share

  double In(const twin::Prediction& prediction) const;
  /// d prediction / d parameter, natural units. @param jacobian  of `prediction`.
  double Slope(const twin::Prediction& prediction, const twin::Jacobian& jacobian,
               Eigen::Index parameter) const;
};

/// One observable of one run: consecutive rows of a campaign's stacked evidence.
struct EvidenceBlock {
  int run = 0;               ///< position among the campaign's runs
  std::string observable;    ///< "pyro_t"; "share" and "rbm" for families of outcomes
  std::string channel;       ///< instrument that is accused if it lies: "pyro/pyro_t"
  Eigen::Index begin = 0;    ///< first row among all
  Eigen::VectorXd time_s;    ///< of each row, from the run's start; outcomes: the run's end
  Eigen::VectorXd value;     ///< measured [SI]
  Eigen::VectorXd white_sd;  ///< its independent error [SI]
  /// Size of the signal without its noise [SI], for errors that are a share of it: the assumed
  /// prediction, scaled to the block's readings. A reading's own noise must not be able to explain
  /// itself.
  Eigen::VectorXd level;
  Eigen::VectorXd assumed;  ///< the assumed prediction [SI]
  std::vector<RowSource> source;

  Eigen::Index rows() const { return value.size(); }
  /// Whether its rows were measured on the sample alone, each a quantity with noise of its own; a
  /// forest's height is a series as well.
  bool OfSampleAlone() const { return observable == "share" || observable == "rbm"; }
};

/// A run as the explanation of a campaign sees it.
struct CampaignRun {
  std::string id;
  int64_t started_at_unix_ns = 0;
  signal::CleanRun clean;
  twin::Drive drive;
  std::vector<ChannelObservations> channels;  ///< every output that was recorded, for scores
  std::vector<EvidenceBlock> blocks;          ///< `begin` counts from the run's own first row
  std::vector<Readback> readbacks;
  std::vector<ClockOffset> clocks;
  std::vector<InstrumentLag> lags;
  double growth_k = 0.0;  ///< assumed mean temperature of the growing surface; 0 without growth
};

/// Rows of one channel: medians over bins of the steady phases; of height and acetylene only those
/// of growth. `begin`, `level` and `assumed` are left to the caller.
/// @param lag_s  settling beside what every instrument needs.
EvidenceBlock SteadyBlockOf(const ChannelObservations& channel, const std::string& observable,
                            const signal::Recipe& recipe, double lag_s);

/// Appends the rows of what was measured on the sample, likewise.
void AddOutcomeBlocks(const twin::Description& description, const signal::Outcome& outcome,
                      double end_s, std::vector<EvidenceBlock>* blocks);

/// Fills `assumed` and `level`. @param prediction  under what is assumed.
void FillLevelOf(const twin::Prediction& prediction, EvidenceBlock* block);

/// Cleans a run, drives the twin by set-points where a controller holds them and by the
/// thermocouples where it does not, and gathers rows: medians of at least 30 s over steady phases,
/// at most about a dozen a segment, then what was measured on the sample. Ramps and the first
/// minutes after them carry no row: there a clock error of a second looks like physics. Of an
/// instrument that lags, as much more is left out as its lag needs.
/// @param assumed  natural values of the twin's parameters.
/// Errors: InvalidArgument where a channel that the twin needs is missing or no row is left.
absl::StatusOr<CampaignRun> GatherRows(const signal::Rig& rig, const twin::Twin& twin,
                                       const signal::RunRecord& record,
                                       const Eigen::VectorXd& assumed);

}  // namespace parallax::pipeline
