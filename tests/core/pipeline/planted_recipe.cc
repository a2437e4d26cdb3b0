#include "tests/core/pipeline/planted_recipe.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "tests/support/campaign_files.h"

namespace parallax::pipeline::testing {
namespace {

constexpr uint64_t kStream = 0x7265636970;  // "recip"
constexpr int64_t kFirstStart_ns = 1'740'000'000'000'000'000;
constexpr double kThickness_m[] = {2e-3, 0.5e-3, 1e-3};
constexpr double kAnneal_s[] = {60.0, 180.0, 300.0, 420.0};
constexpr double kIdle_k = 870.0;

/// What a bench's recipes have in common.
struct Habits {
  const char* set;
  const char* feed;
  double low_k, high_k;
  double pressure_pa, total_sccm, hydrogen_share, high_hydrogen_share;
  std::vector<double> feed_share, preheat_k, water_sccm;
  double reduce_s, heat_s_per_k;
  std::vector<std::string> heaters;
};

Habits HabitsOf(Bench bench) {
  const Habits forest = {"Fe/Al2O3",
                         "C2H4",
                         955.0,
                         1080.0,
                         101325.0,
                         1000.0,
                         0.2,
                         0.5,
                         {0.0888, 0.148, 0.2073},
                         {1023.0, 1063.0, 993.0},
                         {0.05, 0.08, 0.15, 0.22, 0.30},
                         180.0,
                         1.0,
                         {"stage_sp"}};
  if (bench == Bench::kForest) return forest;
  if (bench == Bench::kChirality) {
    return {"CoMo/SiO2",         "C2H5OH", 975.0, 1140.0, 10e3, 560.0,       0.2, 0.5,
            {0.08, 0.107, 0.13}, {850.0},  {0.0}, 180.0,  1.0,  {"stage_sp"}};
  }
  Habits tube = forest;
  tube.low_k = 940.0;
  tube.high_k = 1070.0;
  tube.preheat_k.clear();
  tube.reduce_s = 300.0;
  tube.heat_s_per_k = 2.0;
  tube.heaters = {"z1_sp", "z2_sp", "z3_sp"};
  return tube;
}

template <typename T>
void Shuffle(std::vector<T>* values, base::Random* random) {
  for (size_t i = values->size(); i > 1; --i)
    std::swap((*values)[i - 1], (*values)[random->Below(i)]);
}

double Pick(const std::vector<double>& values, base::Random* random) {
  return values[random->Below(values.size())];
}

/// Gas of one segment; argon makes up the total.
void SetGas(const Habits& habits, double feed, double water, double hydrogen,
            signal::Segment* segment) {
  segment->setpoints["feed_sp"] = {std::round(100.0 * feed) / 100.0};
  segment->setpoints["h2o_sp"] = {water};
  segment->setpoints["h2_sp"] = {hydrogen};
  segment->setpoints["ar_sp"] = {std::round(100.0 * (habits.total_sccm - feed - water - hydrogen)) /
                                 100.0};
}

/// What changes half-way through the growth of a run, in turn.
enum class Change { kNothing, kWater, kFeed, kHydrogen };

void AddGrowth(const Habits& habits, int index, double begin_s, double grow_s, base::Random* random,
               signal::Recipe* recipe) {
  auto change = static_cast<Change>(index % 4);
  const bool dry = habits.water_sccm.size() == 1;
  if (dry && change != Change::kHydrogen) change = Change::kNothing;
  const double feed = Pick(habits.feed_share, random) * habits.total_sccm;
  const double water = Pick(habits.water_sccm, random);
  const double hydrogen = habits.hydrogen_share * habits.total_sccm;
  const double middle_s = begin_s + std::round(0.5 * grow_s);
  signal::Segment first{.name = "grow", .start_s = begin_s, .end_s = begin_s + grow_s};
  SetGas(habits, feed, change == Change::kWater ? 0.05 : water, hydrogen, &first);
  if (change == Change::kNothing) {
    recipe->segments.push_back(std::move(first));
    return;
  }
  first.end_s = middle_s;
  signal::Segment second{.name = "grow", .start_s = middle_s, .end_s = begin_s + grow_s};
  SetGas(habits, change == Change::kFeed ? 0.4 * feed : feed,
         change == Change::kWater ? 0.4 : water,
         change == Change::kHydrogen ? habits.high_hydrogen_share * habits.total_sccm : hydrogen,
         &second);
  recipe->segments.push_back(std::move(first));
  recipe->segments.push_back(std::move(second));
}

signal::Recipe DrawRecipe(const Habits& habits, int index, double temperature_k, double anneal_s,
                          double grow_s, base::Random* random) {
  const double heat_s = std::round((temperature_k - kIdle_k) * habits.heat_s_per_k) + 2.0;
  const double hydrogen = habits.hydrogen_share * habits.total_sccm;
  signal::Segment heat{.name = "heat", .start_s = 0.0, .end_s = heat_s};
  SetGas(habits, 0.0, 0.0, hydrogen, &heat);
  heat.setpoints["pressure_sp"] = {habits.pressure_pa};
  if (!habits.preheat_k.empty()) heat.setpoints["preheat_sp"] = {Pick(habits.preheat_k, random)};
  signal::Segment reduce{
      .name = "reduce", .start_s = heat.end_s, .end_s = heat.end_s + habits.reduce_s};
  SetGas(habits, 0.0, 0.0, 2.0 * hydrogen, &reduce);
  signal::Segment stabilise{
      .name = "stabilise", .start_s = reduce.end_s, .end_s = reduce.end_s + anneal_s};
  SetGas(habits, 0.0, 0.0, hydrogen, &stabilise);
  const double cool_s = stabilise.end_s + grow_s;
  signal::Segment cool{.name = "cool", .start_s = cool_s, .end_s = cool_s + 60.0};
  SetGas(habits, 0.0, 0.0, 0.0, &cool);
  for (const std::string& heater : habits.heaters) {
    heat.setpoints[heater] = {temperature_k, true};
    reduce.setpoints[heater] = {temperature_k};
    cool.setpoints[heater] = {kIdle_k, true};
  }
  signal::Recipe recipe;
  recipe.segments = {heat, reduce, stabilise};
  AddGrowth(habits, index, stabilise.end_s, grow_s, random, &recipe);
  recipe.segments.push_back(std::move(cool));
  return recipe;
}

}  // namespace

const char* NameOf(Bench bench) {
  switch (bench) {
    case Bench::kForest:
      return "forest";
    case Bench::kChirality:
      return "chirality";
    case Bench::kTube:
      return "tube";
  }
  return "";
}

signal::Rig RigOf(Bench bench) {
  return parallax::testing::ReadRig(
      absl::StrFormat("%s/swcnt-rigs/%s.json", PARALLAX_TEST_DATA, NameOf(bench)));
}

std::vector<signal::Run> DrawRuns(Bench bench, int count, double grow_s, uint64_t seed) {
  const Habits habits = HabitsOf(bench);
  base::Random random(seed, kStream);
  std::vector<double> temperatures;
  for (int k = 0; k < count; ++k) {
    const double share = (k + random.Uniform()) / count;
    temperatures.push_back(std::round(habits.low_k + share * (habits.high_k - habits.low_k)));
  }
  Shuffle(&temperatures, &random);
  const size_t thickness = random.Below(3), anneal = random.Below(4);
  std::vector<signal::Run> runs;
  for (int k = 0; k < count; ++k) {
    const auto i = static_cast<size_t>(k);
    const double anneal_s = kAnneal_s[(anneal + i) % 4];
    const double thickness_m =
        bench == Bench::kTube ? kThickness_m[1] : kThickness_m[(thickness + i) % 3];
    signal::Run run{
        .id = absl::StrFormat("r%02d", k + 1),
        .started_at_unix_ns =
            kFirstStart_ns +
            (int64_t{k} * 4200 + static_cast<int64_t>(random.Below(900))) * 1'000'000'000};
    run.recipe = DrawRecipe(habits, k, temperatures[i], anneal_s, grow_s, &random);
    run.substrate = {"fused silica", thickness_m};
    run.catalyst = {habits.set, habits.feed, habits.reduce_s, anneal_s};
    runs.push_back(std::move(run));
  }
  return runs;
}

double FeedBegins(const signal::Recipe& recipe) {
  for (const signal::Segment& segment : recipe.segments) {
    if (segment.name == "grow") return segment.start_s;
  }
  return RecipeEnds(recipe);
}

double RecipeEnds(const signal::Recipe& recipe) { return recipe.segments.back().end_s; }

}  // namespace parallax::pipeline::testing
