#pragma once

#include <cstdint>
#include <vector>

#include "core/signal/rig.h"
#include "core/signal/run.h"

/// Rigs and recipes of planted campaigns: what a lab would set, nothing of what is true.
namespace parallax::pipeline::testing {

/// The benches of tests/data/swcnt-rigs.
enum class Bench {
  kForest,     ///< Fe/Al2O3 with ethylene and water on a heated stage: heights
  kChirality,  ///< Co-Mo with ethanol on a heated stage: shares of species
  kTube,       ///< as kForest in a three-zone tube furnace
};
inline constexpr Bench kBenches[] = {Bench::kForest, Bench::kChirality, Bench::kTube};

/// "forest", "chirality", "tube".
const char* NameOf(Bench bench);

signal::Rig RigOf(Bench bench);

/// Runs without readings, about 70 minutes apart. Temperatures are spread over the bench's range in
/// random order; thickness (.5, 1, 2 mm), anneal time (60 to 420 s), preheat, feed, water and
/// hydrogen vary, with a step of water, feed or hydrogen within some runs.
/// @param grow_s  time with feed of each run.
std::vector<signal::Run> DrawRuns(Bench bench, int count, double grow_s, uint64_t seed);

/// When feed first flows [s from the run's start].
double FeedBegins(const signal::Recipe& recipe);
double RecipeEnds(const signal::Recipe& recipe);

}  // namespace parallax::pipeline::testing
