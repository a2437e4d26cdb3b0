// Draws the figures of docs/twin-swcnt.md from the twin's own functions.
//
//   swcnt_figures FOLDER     writes FOLDER/swcnt-*.svg
#include <cstdio>
#include <map>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/twin/swcnt/tables.h"
#include "tests/core/twin/swcnt/growth_bench.h"
#include "tests/core/twin/swcnt/population.h"
#include "tests/core/twin/swcnt/slab_bench.h"
#include "tests/figures/line_chart.h"

namespace parallax::figures {
namespace {

using namespace twin::swcnt;  // NOLINT(google-build-using-namespace): a program about one twin

using testing::kCelsius;
constexpr double kFeedPa = 15e3;

Rates<double> RatesOf(double celsius, double water_pa) {
  const double temperature_k = celsius + kCelsius;
  return RatesAt(testing::NominalRates(), testing::EthyleneAt(temperature_k, kFeedPa, water_pa),
                 temperature_k);
}

template <typename Function>
Line Curve(const std::string& name, double from, double to, double step, Function y) {
  Line line{.name = name};
  const auto points = static_cast<int>((to - from) / step + 1e-9);
  for (int i = 0; i <= points; ++i) {
    const double x = from + step * i;
    line.x.push_back(x);
    line.y.push_back(y(x));
  }
  return line;
}

LineChart RateChart() {
  return {.title = "Growth rate, 15 kPa ethylene",
          .x_label = "temperature [Cel]",
          .y_label = "rate [um/s]",
          .lines = {Curve("15 Pa water", 600, 850, 2,
                          [](double t) { return 1e6 * testing::SteadySpeed(RatesOf(t, 15.0)); }),
                    Curve("no water", 600, 850, 2,
                          [](double t) { return 1e6 * testing::SteadySpeed(RatesOf(t, 0.0)); })}};
}

LineChart LifetimeChart() {
  return {.title = "Lifetime of the catalyst, 15 kPa ethylene",
          .x_label = "temperature [Cel]",
          .y_label = "lifetime [s]",
          .y_scale = Scale::kLog,
          .lines = {Curve("15 Pa water", 600, 850, 2,
                          [](double t) { return testing::Lifetime(RatesOf(t, 15.0)); }),
                    Curve("no water", 600, 850, 2,
                          [](double t) { return testing::Lifetime(RatesOf(t, 0.0)); })}};
}

LineChart SpeciesChart() {
  LineChart chart{.title = "Who dominates: share among the semiconducting tubes",
                  .x_label = "temperature at nucleation [Cel]",
                  .y_label = "share"};
  for (const auto& [n, m] :
       {std::pair(6, 5), std::pair(7, 5), std::pair(7, 6), std::pair(8, 6), std::pair(8, 7)}) {
    const int first = n, second = m;
    chart.lines.push_back(Curve("(" + std::to_string(n) + "," + std::to_string(m) + ")", 650, 940,
                                2, [first, second](double t) {
                                  return testing::Grown(t).ShareOfSemiconductors(first, second);
                                }));
  }
  return chart;
}

LineChart DropChart() {
  LineChart chart{.title = "Drop across the substrate, cold wall",
                  .x_label = "heater [Cel]",
                  .y_label = "drop [K]"};
  const struct {
    const char* name;
    int material;
    double thickness_m;
  } slabs[] = {{"silica 2 mm", 0, 2e-3},         {"silica 1 mm", 0, 1e-3},
               {"silica 0.5 mm", 0, 0.5e-3},     {"alumina 1 mm", 1, 1e-3},
               {"sapphire 0.43 mm", 2, 0.43e-3}, {"silicon 0.5 mm", 3, 0.5e-3}};
  for (const auto& slab : slabs) {
    chart.lines.push_back(Curve(slab.name, 650, 900, 5, [&slab](double t) {
      return testing::DropOf(MaterialAt(slab.material), slab.thickness_m, t + kCelsius).slab_k;
    }));
  }
  return chart;
}

int Main(const std::string& folder) {
  const std::map<std::string, LineChart> charts = {{"swcnt-rate", RateChart()},
                                                   {"swcnt-lifetime", LifetimeChart()},
                                                   {"swcnt-species", SpeciesChart()},
                                                   {"swcnt-drop", DropChart()}};
  for (const auto& [name, chart] : charts) {
    const std::string path = absl::StrFormat("%s/%s.svg", folder, name);
    const absl::Status status = base::WriteFileAtomically(path, ToSvg(chart));
    if (!status.ok()) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), status.ToString().c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace parallax::figures

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  return parallax::figures::Main(argv[1]);
}
