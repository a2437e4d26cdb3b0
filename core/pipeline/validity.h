#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/pipeline/observations.h"

namespace parallax::pipeline {

/// Lowest and highest value [SI] that each output took in the runs that a set was calibrated on, by
/// channel.
/// @tparam Run  with `channels`, ChannelObservations of its outputs.
template <typename Run>
std::map<std::string, std::vector<double>> ValidityOf(const std::vector<Run>& runs) {
  std::map<std::string, std::vector<double>> validity;
  for (const Run& run : runs) {
    for (const ChannelObservations& channel : run.channels) {
      if (channel.bin_value.size() == 0) continue;
      const double low = channel.bin_value.minCoeff();
      const double high = channel.bin_value.maxCoeff();
      const auto [it, fresh] = validity.try_emplace(channel.channel, std::vector{low, high});
      if (fresh) continue;
      it->second[0] = std::min(it->second[0], low);
      it->second[1] = std::max(it->second[1], high);
    }
  }
  return validity;
}

}  // namespace parallax::pipeline
