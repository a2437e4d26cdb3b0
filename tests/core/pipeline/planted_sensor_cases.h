#pragma once

#include <string>
#include <vector>

#include "core/base/random.h"
#include "tests/core/pipeline/planted_campaign.h"

/// Campaigns of which one instrument lies. Sizes are 0.8 to 1.4 times an instrument's usual one; of
/// what is drawn for each run or reading they are half of that, for steps, and the same for walks.
/// Instruments are those that some hypothesis of the analysis accuses: neither the thermocouples
/// that control (their bias is a parameter) nor wall, gas and mains, which drive the twin and are
/// believed.
namespace parallax::pipeline::testing {

/// Eleven instruments that are off, drift or step; four of them that stick or have a late clock.
std::vector<PlantedCampaign> SensorFaults(base::Random* random);
/// Every instrument as a random walk over the runs.
std::vector<PlantedCampaign> WanderingInstruments(base::Random* random);
/// Thermometers and analysers that no controller holds, each behind lags of 20 to 33, 34 to 46 and
/// 47 to 60 s.
std::vector<PlantedCampaign> LaggingInstruments(base::Random* random);
/// Every instrument that records a series: spikes of 8 to 40 noise sds on 2 to 5 % of the readings.
std::vector<PlantedCampaign> SpikyInstruments(base::Random* random);
/// The other five instruments that are off, drift or step; all that SensorFaults leaves out that
/// stick; the clock of the gas, early and late.
std::vector<PlantedCampaign> OtherInstruments(base::Random* random);

/// "pyro/pyro_t drifts within runs by +20".
std::string DescribeFault(const PlantedFault& fault);

}  // namespace parallax::pipeline::testing
