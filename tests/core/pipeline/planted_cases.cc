#include "tests/core/pipeline/planted_cases.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/random.h"
#include "tests/core/pipeline/planted_draws.h"
#include "tests/core/pipeline/planted_sensor_cases.h"

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

std::vector<PlantedCampaign> Nulls(base::Random*) {
  std::vector<PlantedCampaign> cases;
  for (int i = 0; i < kNulls; ++i) cases.push_back({.bench = kBenches[i % 3]});
  return cases;
}

/// Campaigns of one kind of cause, drawn from a stream of their own.
struct Batch {
  Family family;
  std::vector<PlantedCampaign> (*draw)(base::Random* random);
};

/// The place of a batch decides its stream: new ones go to the end.
constexpr Batch kFirstBatches[] = {{Family::kSingle, Singles},
                                   {Family::kPair, Pairs},
                                   {Family::kSensor, SensorFaults},
                                   {Family::kMissing, MissingMechanisms},
                                   {Family::kNull, Nulls}};
constexpr Batch kLaterBatches[] = {{Family::kSensor, WanderingInstruments},
                                   {Family::kSensor, LaggingInstruments},
                                   {Family::kSensor, SpikyInstruments},
                                   {Family::kSensor, OtherInstruments}};

/// A case and where in the list it belongs, from 0 to 1.
using Placed = std::pair<double, PlantedCase>;

void SortByPlace(std::vector<Placed>* cases) {
  std::stable_sort(cases->begin(), cases->end(),
                   [](const Placed& a, const Placed& b) { return a.first < b.first; });
}

/// Adds one batch, spread evenly. @param before  cases of its family: halves take turns.
void AddBatch(const Batch& batch, size_t before, base::Random* random, std::vector<Placed>* cases) {
  std::vector<PlantedCampaign> some = batch.draw(random);
  for (size_t i = some.size(); i > 1; --i) std::swap(some[i - 1], some[random->Below(i)]);
  for (size_t i = 0; i < some.size(); ++i) {
    const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(some.size());
    some[i].seed = random->Below(kCampaignSeeds);
    some[i].grow_s = Between(420.0, 720.0, 10.0, random);
    some[i].noise = Between(0.7, 1.4, 0.01, random);
    cases->push_back({place,
                      {.family = batch.family,
                       .half = (before + i) % 2 == 0 ? Half::kTuning : Half::kHeldBack,
                       .plant = std::move(some[i])}});
  }
}

std::string DescribeShift(const PlantedShift& shift) {
  const double reached = *TrueSds(shift);
  if (std::abs(reached - shift.sds) < 1e-6) {
    return absl::StrFormat("%s %+.1f sd", shift.name, shift.sds);
  }
  return absl::StrFormat("%s %+.1f sd (at its bound, of %+.1f)", shift.name, reached, shift.sds);
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

bool AtBound(const PlantedCampaign& plant) {
  return std::any_of(plant.shifts.begin(), plant.shifts.end(), [](const PlantedShift& shift) {
    return std::abs(*TrueSds(shift)) < kLeastShiftSds - 1e-9;
  });
}

std::string FamilyOf(const PlantedCase& one) {
  return std::string(NameOf(one.family)) + (AtBound(one.plant) ? ", at a bound" : "");
}

std::string Describe(const PlantedCampaign& plant) {
  std::vector<std::string> said;
  for (const PlantedShift& shift : plant.shifts) said.push_back(DescribeShift(shift));
  if (plant.fault) said.push_back(DescribeFault(*plant.fault));
  if (plant.missing == MissingMechanism::kFeedLoss) said.emplace_back("feed is lost");
  if (plant.missing == MissingMechanism::kSuddenDeath) said.emplace_back("growth dies suddenly");
  if (plant.missing == MissingMechanism::kCoolingForest) said.emplace_back("the forest cools");
  return said.empty() ? "nothing" : absl::StrJoin(said, ", ");
}

std::vector<PlantedCase> AllCases(uint64_t seed) {
  uint64_t stream = 100;
  std::map<Family, size_t> members;
  std::vector<Placed> all;
  for (const std::span<const Batch> batches :
       {std::span<const Batch>(kFirstBatches), std::span<const Batch>(kLaterBatches)}) {
    std::vector<Placed> placed;
    for (const Batch& batch : batches) {
      base::Random random(seed, ++stream);
      const size_t before = placed.size();
      AddBatch(batch, members[batch.family], &random, &placed);
      members[batch.family] += placed.size() - before;
    }
    SortByPlace(&placed);
    for (Placed& one : placed) {
      one.second.id = static_cast<int>(all.size()) + 1;
      all.push_back(std::move(one));
    }
  }
  SortByPlace(&all);
  std::vector<PlantedCase> cases;
  for (Placed& one : all) cases.push_back(std::move(one.second));
  return cases;
}

}  // namespace parallax::pipeline::testing
