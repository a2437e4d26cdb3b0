#pragma once

#include <cstdint>
#include <vector>

namespace parallax::signal {

/// Share of a healthy channel's samples that lie beyond RareDistance.
inline constexpr double kRareShare = 1e-3;

/// Distance that the noise of a channel and the signal's own peaks exceed in one sample of a
/// thousand: the tail beyond the 90 % quantile taken as exponential, its mean from the 75 % and the
/// 90 % quantile, (q90 − q75)/ln 2.5. Heavier than a normal tail, and blind to spikes on less than
/// a tenth of the samples. 0 for no distances.
/// @param distances  unsigned, any order.   @return in the unit of `distances`.
/// Source: Pickands, Annals of Statistics 3 (1975) 119: excesses over a high level.
double RareDistance(std::vector<double> distances);

/// Least number of spikes beyond RareDistance that a healthy channel shows with a probability of at
/// most kSpikeFalseAlarm. How often a healthy channel spikes is not known: the logarithm of its
/// share of spikes is uniform between a hundredth of `ordinary_share` and `ordinary_share`, and
/// kRareShare of noise comes on top of it; the count is Poisson.
/// @param samples  >= 0.   @param ordinary_share  in (0, 1).
int64_t LeastSpikesOfAFault(int64_t samples, double ordinary_share);

/// Probability that a healthy channel of a run is called faulty for its spikes.
inline constexpr double kSpikeFalseAlarm = 0.02;

}  // namespace parallax::signal
