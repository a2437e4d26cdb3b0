#include "tests/core/pipeline/planted_cases.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/random.h"

namespace parallax::pipeline::testing {
namespace {

constexpr int kPairs = 40;
constexpr int kNulls = 66;
constexpr int kMissingPerKind = 12;
constexpr uint64_t kCampaignSeeds = 1'000'000'000;

/// Benches on which something may depend on a parameter.
std::vector<Bench> BenchesFor(const std::string& mechanism) {
  for (const char* heat :
       {"substrate_conductivity", "contact_resistance", "surface_emissivity", "convection"}) {
    if (mechanism == heat) return {Bench::kForest, Bench::kChirality};
  }
  for (const char* tubes :
       {"particle_size", "size_dispersion", "ripening", "interface_energy", "kink_energy"}) {
    if (mechanism == tubes) return {Bench::kChirality};
  }
  if (mechanism == "thermocouple_bias") return {Bench::kForest, Bench::kChirality, Bench::kTube};
  return {Bench::kForest, Bench::kTube};
}

/// Uniform between two bounds, in steps of `step`.
double Between(double low, double high, double step, base::Random* random) {
  return step * std::round((low + (high - low) * random->Uniform()) / step);
}

template <typename T>
const T& OneOf(const std::vector<T>& some, base::Random* random) {
  return some[random->Below(some.size())];
}

/// A size with a sign that is drawn too.
double EitherSign(double size, base::Random* random) {
  return random->Uniform() < 0.5 ? -size : size;
}

/// Prior sds of a shift, either sign.
double Shift(base::Random* random) { return Between(3.0, 4.0, 0.1, random); }

std::vector<PlantedCampaign> Singles(base::Random* random) {
  std::vector<PlantedCampaign> cases;
  for (const twin::Parameter& parameter : Nanotubes().description().parameters) {
    for (const double sign : {1.0, -1.0, 1.0, -1.0}) {
      const Bench bench = OneOf(BenchesFor(parameter.mechanism), random);
      cases.push_back({.bench = bench, .shifts = {{parameter.name, sign * Shift(random)}}});
    }
  }
  return cases;
}

std::vector<PlantedCampaign> Pairs(base::Random* random) {
  const std::vector<twin::Parameter>& parameters = Nanotubes().description().parameters;
  const auto shows = [](const twin::Parameter& parameter, Bench bench) {
    const std::vector<Bench> benches = BenchesFor(parameter.mechanism);
    return std::find(benches.begin(), benches.end(), bench) != benches.end();
  };
  std::vector<PlantedCampaign> cases;
  while (cases.size() < static_cast<size_t>(kPairs)) {
    const twin::Parameter& first = OneOf(parameters, random);
    const twin::Parameter& second = OneOf(parameters, random);
    const Bench bench = kBenches[random->Below(3)];
    if (first.mechanism == second.mechanism || !shows(first, bench) || !shows(second, bench)) {
      continue;
    }
    PlantedCampaign one{.bench = bench};
    for (const twin::Parameter* parameter : {&first, &second}) {
      one.shifts.push_back({parameter->name, EitherSign(Shift(random), random)});
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

/// An instrument and how large its faults are.
struct Instrument {
  const char* channel;
  double offset, gain;
  std::vector<Bench> benches;
};

std::vector<PlantedCampaign> SensorFaults(base::Random* random) {
  const Bench forest = Bench::kForest, chirality = Bench::kChirality, tube = Bench::kTube;
  const std::vector<Instrument> instruments = {
      {"furnace/stage_tc2", 10.0, 0.0, {forest, chirality}},
      {"furnace/heater_duty", 0.08, 0.0, {forest, chirality}},
      {"furnace/z2_duty", 0.08, 0.0, {tube}},
      {"pyro/pyro_t", 20.0, 0.0, {forest, chirality}},
      {"rga/p_h2o", 0.0, 0.4, {forest, tube}},
      {"rga/p_c2h2", 0.0, 0.4, {forest, tube}},
      {"laser/height", 0.0, 0.25, {forest, tube}},
      {"outcome/height", 0.0, 0.25, {forest, tube}},
      {"gas/feed_flow", 0.0, 0.08, {forest, chirality, tube}},
      {"gas/h2_flow", 0.0, 0.08, {forest, chirality, tube}},
      {"gas/pressure", 0.0, 0.05, {forest, chirality}}};
  std::vector<PlantedCampaign> cases;
  for (const Instrument& instrument : instruments) {
    for (const FaultShape shape : {FaultShape::kConstant, FaultShape::kFromRunToRun,
                                   FaultShape::kWithinRun, FaultShape::kSteps}) {
      const bool outcome = std::string(instrument.channel).starts_with("outcome");
      if (outcome && shape == FaultShape::kWithinRun) continue;
      // The sd of what differs from run to run is what a drift reaches half-way.
      double size = Between(0.8, 1.4, 0.01, random);
      size = shape == FaultShape::kSteps ? 0.5 * size : EitherSign(size, random);
      cases.push_back({.bench = OneOf(instrument.benches, random),
                       .fault = PlantedFault{.channel = instrument.channel,
                                             .shape = shape,
                                             .offset = size * instrument.offset,
                                             .gain = size * instrument.gain}});
    }
  }
  for (const char* channel : {"pyro/pyro_t", "furnace/stage_tc2", "rga/p_h2o", "laser/height"}) {
    for (const FaultShape shape : {FaultShape::kStuck, FaultShape::kClock}) {
      for (const Bench bench : {forest, chirality}) {
        const double clock_s = EitherSign(Between(20.0, 40.0, 1.0, random), random);
        cases.push_back(
            {.bench = bench,
             .fault = PlantedFault{.channel = channel, .shape = shape, .clock_s = clock_s}});
      }
    }
  }
  return cases;
}

std::vector<PlantedCampaign> MissingMechanisms(base::Random* random) {
  std::vector<PlantedCampaign> cases;
  for (const MissingMechanism missing :
       {MissingMechanism::kFeedLoss, MissingMechanism::kSuddenDeath,
        MissingMechanism::kCoolingForest}) {
    for (int i = 0; i < kMissingPerKind; ++i) {
      // A bench of short tubes shows neither death nor cooling.
      const Bench bench = i % 2 == 0 ? Bench::kForest : Bench::kTube;
      cases.push_back(
          {.bench = bench, .missing = missing, .severity = Between(0.8, 1.3, 0.01, random)});
    }
  }
  return cases;
}

std::vector<PlantedCampaign> Nulls() {
  std::vector<PlantedCampaign> cases;
  for (int i = 0; i < kNulls; ++i) cases.push_back({.bench = kBenches[i % 3]});
  return cases;
}

std::string DescribeFault(const PlantedFault& fault) {
  const double size = fault.gain != 0.0 ? 100.0 * fault.gain : fault.offset;
  const char* unit = fault.gain != 0.0 ? " %" : "";
  switch (fault.shape) {
    case FaultShape::kConstant:
      return absl::StrFormat("%s off by %+g%s", fault.channel, size, unit);
    case FaultShape::kFromRunToRun:
      return absl::StrFormat("%s drifts over the runs by %+g%s", fault.channel, size, unit);
    case FaultShape::kWithinRun:
      return absl::StrFormat("%s drifts within runs by %+g%s", fault.channel, size, unit);
    case FaultShape::kSteps:
      return absl::StrFormat("%s steps from run to run by %g%s", fault.channel, std::abs(size),
                             unit);
    case FaultShape::kStuck:
      return fault.channel + " sticks";
    case FaultShape::kLag:
      return absl::StrFormat("%s lags by %g s", fault.channel, fault.lag_s);
    case FaultShape::kClock:
      break;
  }
  return absl::StrFormat("clock of %s %+g s", fault.channel, fault.clock_s);
}

}  // namespace

const char* NameOf(Family family) {
  switch (family) {
    case Family::kSingle:
      return "single";
    case Family::kPair:
      return "pair";
    case Family::kSensor:
      return "sensor";
    case Family::kMissing:
      return "missing";
    case Family::kNull:
      return "null";
  }
  return "";
}

std::string Describe(const PlantedCampaign& plant) {
  std::vector<std::string> said;
  for (const PlantedShift& shift : plant.shifts) {
    said.push_back(absl::StrFormat("%s %+.1f sd", shift.name, shift.sds));
  }
  if (plant.fault) said.push_back(DescribeFault(*plant.fault));
  if (plant.missing == MissingMechanism::kFeedLoss) said.emplace_back("feed is lost");
  if (plant.missing == MissingMechanism::kSuddenDeath) said.emplace_back("growth dies suddenly");
  if (plant.missing == MissingMechanism::kCoolingForest) said.emplace_back("the forest cools");
  return said.empty() ? "nothing" : absl::StrJoin(said, ", ");
}

std::vector<PlantedCase> AllCases(uint64_t seed) {
  std::vector<std::pair<double, PlantedCase>> placed;
  uint64_t stream = 100;
  for (const Family family : kFamilies) {
    base::Random random(seed, ++stream);
    std::vector<PlantedCampaign> some;
    if (family == Family::kSingle) some = Singles(&random);
    if (family == Family::kPair) some = Pairs(&random);
    if (family == Family::kSensor) some = SensorFaults(&random);
    if (family == Family::kMissing) some = MissingMechanisms(&random);
    if (family == Family::kNull) some = Nulls();
    for (size_t i = some.size(); i > 1; --i) std::swap(some[i - 1], some[random.Below(i)]);
    for (size_t i = 0; i < some.size(); ++i) {
      const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(some.size());
      some[i].seed = random.Below(kCampaignSeeds);
      some[i].grow_s = Between(420.0, 720.0, 10.0, &random);
      some[i].noise = Between(0.7, 1.4, 0.01, &random);
      placed.push_back({place,
                        {.family = family,
                         .half = i % 2 == 0 ? Half::kTuning : Half::kHeldBack,
                         .plant = std::move(some[i])}});
    }
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<PlantedCase> cases;
  for (auto& [place, one] : placed) {
    one.id = static_cast<int>(cases.size()) + 1;
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace parallax::pipeline::testing
