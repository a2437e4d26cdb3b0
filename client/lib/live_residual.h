#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/client.h"
#include "parallax/v1/watch.pb.h"

namespace parallax::client {

/// Measured minus twin of one channel of one run, root mean square over samples.
struct ResidualFigure {
  std::string channel;  ///< "device/channel"
  std::string unit;     ///< UCUM code of `rms`
  double rms = 0.0;
  size_t samples = 0;
  int64_t first_unix_ns = 0;  ///< source time of the first sample
  int64_t last_unix_ns = 0;
};

/// Sums up what a watch tells of one run, in as much memory as the run has channels. A sample
/// counts as it was told with a prediction first. One owner.
class LiveResiduals {
 public:
  void Take(const v1::RunPoints& points);
  /// Of the channels that the twin predicts, by name; none without a sample.
  std::vector<ResidualFigure> Figures() const;

 private:
  struct Sum {
    std::string unit;
    double squares = 0.0;
    size_t samples = 0;
    int64_t first_unix_ns = 0;
    int64_t last_unix_ns = 0;
  };
  std::map<std::string, Sum> sums_;
};

/// What the same samples would have been held against with another parameter set: the twin is
/// driven as measured, and read between its points of time by straight lines.
/// @param run  "rigs/{rig}/runs/{run}".   @param set  "rigs/{rig}/parameterSets/{revision}".
/// @param live  which channels, and from when to when. One that the twin does not predict with this
///              set, or that has no good sample then, is left out.
/// Errors: those of GetRun, Simulate and GetSeries.
absl::StatusOr<std::vector<ResidualFigure>> ResidualsWith(Client& client, const std::string& run,
                                                          const std::string& set,
                                                          const std::vector<ResidualFigure>& live);

}  // namespace parallax::client
