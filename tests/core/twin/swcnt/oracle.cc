#include "tests/core/twin/swcnt/oracle.h"

#include "core/twin/swcnt/tables.h"

namespace parallax::twin::testing {
namespace {

using namespace swcnt;  // NOLINT(google-build-using-namespace): names of columns and parameters

constexpr double kSigma = 5.670374419e-8;
constexpr double kKb = 8.617333e-5;
constexpr double kT0 = 1023.15;
constexpr double kR = 8.314462618;

double SoftPlus(double x) { return x > 36.0 ? x : std::log1p(std::exp(x)); }

/// 1 - Q/K of 2 CO = C + CO2 for 0.1 % of CO2 in CO, kept positive over 1 %.
double BeyondEquilibrium(double co_pa, double t) {
  const double quotient = 1e-3 / co_pa * 1e5;
  const double driving = 1.0 - quotient * std::exp((-172e3 / t + 176.0) / kR);
  return 0.01 * SoftPlus(driving / 0.01);
}

double Arr(double e, double t) { return std::exp(-e / kKb * (1.0 / t - 1.0 / kT0)); }

bool IsThick(const Drive& drive) {
  return drive.constants[kThickness] > 2e-3 && drive.constants[kIsHotWall] < 0.5;
}

}  // namespace

SwcntOracle::SwcntOracle(const std::array<double, kParameters>& p, const Drive& drive,
                         const CarbonRelaxation& relaxation)
    : p_(p),
      drive_(drive),
      k_(drive.constants),
      relaxation_(relaxation),
      tube_(k_[kIsHotWall] > 0.5),
      thick_(IsThick(drive)),
      recipe_(drive.mode == DriveMode::kRecipe),
      now_s_(drive.time_s[0]),
      cvodes_(Start()) {
  if (!recipe_) return;
  // At rest: the duty that holds the start.
  const double ratio = Input(now_s_, kMains) / k_[kMainsNominal];
  for (int z = 0; z < (tube_ ? 3 : 1); ++z) {
    const auto i = static_cast<size_t>(z);
    integral_[i] = duty_[i] = HeaterLoss(now_s_, Raw(), z) / (k_[kPowerMax] * ratio * ratio);
  }
}

double SwcntOracle::Input(double t, int column) const {
  const auto last = drive_.time_s.size() - 1;
  const auto row = std::min<Eigen::Index>(
      last, static_cast<Eigen::Index>(std::floor((t - drive_.time_s[0]) / 2.0 + 1e-9)));
  // Within an interval its own row holds, at its end too.
  return drive_.inputs(std::min(row, row_), column);
}

double SwcntOracle::HeaterAt(double t, int z) const {
  const int column = (tube_ ? kZone1 : kStage) + z;
  const auto next = std::min<Eigen::Index>(row_ + 1, drive_.time_s.size() - 1);
  const double share = (t - drive_.time_s[row_]) / 2.0;
  return drive_.inputs(row_, column) * (1.0 - share) + drive_.inputs(next, column) * share;
}

double SwcntOracle::Zone(double t, const double* y, int z) const {
  return recipe_ ? y[kT + z] : HeaterAt(t, z) - p_[kBTc];
}

double SwcntOracle::Heater(double t, const double* y) const {
  if (!tube_) return Zone(t, y, 0) + p_[kDTax];
  const double x = k_[kPosition];
  return p_[kDTax] + 0.5 * x * (x - 1.0) * Zone(t, y, 0) + (1.0 - x * x) * Zone(t, y, 1) +
         0.5 * x * (x + 1.0) * Zone(t, y, 2);
}

double SwcntOracle::Emissivity(double height_um) const {
  const Material& m = MaterialAt(static_cast<int>(k_[kMaterialIndex]));
  const double bare = m.emissivity * p_[kEps0] / 0.80;
  return bare + (0.97 - bare) * (1.0 - std::exp(-height_um / 2.0));
}

double SwcntOracle::Loss(double t, double ts, double emissivity) const {
  return emissivity * kSigma * (std::pow(ts, 4) - std::pow(Input(t, kWall), 4)) +
         p_[kH] * (ts - Input(t, kGasT));
}

double SwcntOracle::Conductivity(double t) const {
  const Material& m = MaterialAt(static_cast<int>(k_[kMaterialIndex]));
  return m.k0_w_mk * p_[kK0] / 1.38 * std::pow(t / 300.0, -(m.exponent + p_[kNk] + 0.33));
}

/// Thick: where the last cell's half conducts what the surface loses (Newton).
double SwcntOracle::Surface(double t, const double* y) const {
  if (tube_) return Heater(t, y);
  if (!thick_) return y[kTs];
  const double last = y[kCell + 9];
  const double half = 2.0 * Conductivity(last) / (k_[kThickness] / 10.0);
  const double emissivity = Emissivity(y[kN]);
  double ts = last;
  for (int i = 0; i < 8; ++i) {
    const double slope = emissivity * 4.0 * kSigma * ts * ts * ts + p_[kH];
    ts -= (Loss(t, ts, emissivity) - half * (last - ts)) / (slope + half);
  }
  return ts;
}

double SwcntOracle::FluxFromHeater(double t, const double* y) const {
  if (!thick_) return Loss(t, y[kTs], Emissivity(y[kN]));
  const double width = k_[kThickness] / 10.0;
  return (Heater(t, y) - y[kCell]) / (p_[kRc] + 0.5 * width / Conductivity(y[kCell]));
}

SwcntOracle::Gas SwcntOracle::GasAt(double t, const double* y) const {
  const Feed& feed = FeedAt(static_cast<int>(k_[kFeedIndex]));
  const double q_feed = p_[kGf] * Input(t, kFeedFlow);
  const double total = q_feed + Input(t, kArgon) + Input(t, kHydrogen) + Input(t, kWaterFlow);
  const double pressure = Input(t, kPressure);
  const double dwell = tube_ ? Heater(t, y) : Input(t, kPreheat);
  const double tau = k_[kHotZoneVolume] * pressure / (total * kR * dwell);
  const double kg0 = feed.rate_hz * p_[kKg0] / 1e-3;
  return {tau,
          1.0 - std::exp(-kg0 * Arr(feed.energy_ev, dwell) * tau),
          1.0 - std::exp(-kg0 * tau),
          pressure * q_feed / total,
          pressure * Input(t, kHydrogen) / total,
          pressure * Input(t, kWaterFlow) / total};
}

double SwcntOracle::HeaterLoss(double t, const double* y, int z) const {
  const double temperature = Zone(t, y, z);
  double watts = k_[kLossWk] * (temperature - k_[kAmbient]) +
                 k_[kRadiatingEmissivity] * kSigma * k_[kRadiatingArea] *
                     (std::pow(temperature, 4) - std::pow(k_[kAmbient], 4));
  if (tube_ && z > 0) watts += k_[kZoneCoupling] * (temperature - Zone(t, y, z - 1));
  if (tube_ && z < 2) watts += k_[kZoneCoupling] * (temperature - Zone(t, y, z + 1));
  if (!tube_) watts += FluxFromHeater(t, y) * k_[kSubstrateArea];
  return watts;
}

void SwcntOracle::HeaterRate(double t, const double* y, double* rate) const {
  for (int z = 0; z < (tube_ ? 3 : 1); ++z) {
    rate[kTc + z] = (Zone(t, y, z) - y[kTc + z]) / k_[kTcLag];
    if (!recipe_) continue;
    const double ratio = Input(t, kMains) / k_[kMainsNominal];
    const double watts = duty_[static_cast<size_t>(z)] * k_[kPowerMax] * ratio * ratio;
    rate[kT + z] = (watts - HeaterLoss(t, y, z)) / k_[kHeatCapacity];
  }
}

double SwcntOracle::Reading(int z) const {
  return state(kTc + z) + p_[kBTc] + k_[kTcDrift] * (now_s_ - drive_.time_s[0]);
}

double SwcntOracle::Duty(int z) const {
  if (recipe_) return duty_[static_cast<size_t>(z)];
  // C dT/dt is the mean of the slopes before and after the row.
  const Eigen::Index here = now_s_ > drive_.time_s[row_] ? row_ + 1 : row_;
  const auto heater = drive_.inputs.col((tube_ ? kZone1 : kStage) + z);
  std::vector<double> slopes;
  if (here > 0) slopes.push_back((heater[here] - heater[here - 1]) / 2.0);
  if (here + 1 < heater.size()) slopes.push_back((heater[here + 1] - heater[here]) / 2.0);
  const double slope = 0.5 * (slopes.front() + slopes.back());
  const double ratio = drive_.inputs(here, kMains) / k_[kMainsNominal];
  return (k_[kHeatCapacity] * slope + HeaterLoss(now_s_, Raw(), z)) /
         (k_[kPowerMax] * ratio * ratio);
}

void SwcntOracle::SubstrateRate(double t, const double* y, double* rate) const {
  if (tube_) return;
  const Material& m = MaterialAt(static_cast<int>(k_[kMaterialIndex]));
  const double capacity = m.density_kg_m3 * m.specific_heat_j_kgk;
  const double l = k_[kThickness];
  if (!thick_) {
    // The Kirchhoff root at the present loss, and the time to reach it.
    const double q = Loss(t, y[kTs], Emissivity(y[kN]));
    const double back = Heater(t, y) - q * p_[kRc];
    const double n = m.exponent + p_[kNk] + 0.33;
    const double k0 = m.k0_w_mk * p_[kK0] / 1.38;
    const double root =
        300.0 * std::pow(std::pow(back / 300.0, 1.0 - n) - q * l * (1.0 - n) / (300.0 * k0),
                         1.0 / (1.0 - n));
    const double tau = std::pow(
        std::pow(l * l * capacity / Conductivity(kT0), 4) + std::pow(capacity * l * p_[kRc], 4),
        0.25);
    rate[kTs] = (root - y[kTs]) / tau;
    return;
  }
  const double width = l / 10.0;
  double in = FluxFromHeater(t, y);
  for (int j = 0; j < 10; ++j) {
    const double here = Conductivity(y[kCell + j]);
    double out = 0.0;
    if (j < 9) {
      const double there = Conductivity(y[kCell + j + 1]);
      out = 2.0 * here * there / (here + there) / width * (y[kCell + j] - y[kCell + j + 1]);
    } else {
      out = 2.0 * here / width * (y[kCell + j] - Surface(t, y));
    }
    rate[kCell + j] = (in - out) / (capacity * width);
    in = out;
  }
}

void SwcntOracle::GasRate(const Gas& gas, const double* y, double* rate) const {
  const Feed& feed = FeedAt(static_cast<int>(k_[kFeedIndex]));
  rate[kPf] = (gas.feed_in - y[kPf]) / gas.tau_s;
  rate[kPh] = (gas.hydrogen_in - y[kPh]) / gas.tau_s;
  rate[kPw] = (gas.water_in - y[kPw]) / gas.tau_s;
  const double water = y[kPw] + p_[kPwBg] + feed.water_yield * gas.x * y[kPf];
  rate[kReadW] = (water - y[kReadW]) / 3.0;
  rate[kReadA] = (gas.x * y[kPf] - y[kReadA]) / 3.0;
}

void SwcntOracle::GrowthRate(double t, const Gas& gas, const double* y, double* rate) const {
  const double ts = Surface(t, y);
  // Phases change where an interval ends: within it the phase is that of its middle.
  const double middle = now_s_ + 0.5;
  if (middle >= k_[kReduceEnd]) rate[kFourth] = p_[kKr0] * Arr(p_[kEr], ts);
  if (middle < k_[kFeedAt]) {
    if (middle >= k_[kReduceBegin]) rate[kAlpha] = 0.05 * Arr(0.9, ts) * (1.0 - y[kAlpha]);
    return;
  }
  const Feed& feed = FeedAt(static_cast<int>(k_[kFeedIndex]));
  const CatalystSet& set = CatalystSetAt(static_cast<int>(k_[kCatalystIndex]));
  const double pf = std::max(y[kPf], 0.0);
  const double water = y[kPw] + p_[kPwBg] + feed.water_yield * gas.x * pf;
  const bool monoxide = feed.rate_hz == 0.0;  // which is not pyrolysed
  const double effective =
      monoxide ? pf * BeyondEquilibrium(pf, ts)
               : pf * (1.0 - gas.x + p_[kPhi] * gas.x) / (1.0 + (p_[kPhi] - 1.0) * gas.x0);
  const double vs =
      p_[kVs0] * set.speed_factor * Arr(p_[kEs], ts) * std::pow(effective / 15e3, 0.8);
  const double vd = p_[kVd0] * set.speed_factor * Arr(p_[kEd], ts);
  const double v = pf > 1e-6 ? vs * vd / (vs + vd) / (1.0 + std::pow(water / (4e-3 * pf), 2)) : 0.0;
  const double rc =
      (p_[kRc0] * Arr(2.6, ts) + (monoxide ? 0.0 : 0.010 * gas.x / gas.x0)) * pf / 15e3;
  const double rw = p_[kRw0] * Arr(0.4, ts) * water / 15.0 + 0.004 * y[kPh] / 20e3;
  const double sudden = set.sudden_loss_rate_hz / (1.0 + std::exp(-(ts - 1083.0) / 8.0));
  // Puretzky: arriving carbon F(1-L) dissolves (ksb) or coats (kcl).
  const double flux = v + rc;
  const double dissolves = flux > 0.0 ? v / flux : 0.0;  // ksb over ksb + kcl
  rate[kLeavesC] = relaxation_.surface_hz * (flux * (1.0 - y[kL]) - y[kLeavesC]);
  rate[kL] = (1.0 - dissolves) * y[kLeavesC] - rw * y[kL];
  rate[kLeavesB] = relaxation_.dissolved_hz * (dissolves * y[kLeavesC] - y[kLeavesB]);
  rate[kA] = -(p_[kKenc0] * Arr(0.8, ts) * y[kL] + p_[kKrip0] * Arr(2.0, ts) + sudden) * y[kA];
  NucleationRate(ts, y, rate);
  rate[kAmorphous] = rc * (1.0 - y[kL]);
  rate[kN] = y[kLeavesB] * y[kA] * y[kAlpha] * (1.0 - y[kVacant]) / (1.0 + y[kN] / (1e3 * p_[kHd]));
}

void SwcntOracle::NucleationRate(double ts, const double* y, double* rate) const {
  rate[kVacant] = -y[kVacant] / 5.0;
  const double born = y[kVacant] / 5.0 * (1.0 - y[kL]);
  rate[kBorn] = born;
  rate[kBornK] = born * ts;
  rate[kBornNm] = born * std::pow(y[kFourth], 0.25);
}

void SwcntOracle::Rate(double t, const double* y, double* rate) const {
  std::fill(rate, rate + (thick_ ? kStates : kCell), 0.0);
  const Gas gas = GasAt(t, y);
  HeaterRate(t, y, rate);
  SubstrateRate(t, y, rate);
  GasRate(gas, y, rate);
  GrowthRate(t, gas, y, rate);
}

double SwcntOracle::SteadySurface(double heater_k) const {
  const Material& m = MaterialAt(static_cast<int>(k_[kMaterialIndex]));
  const double n = m.exponent + p_[kNk] + 0.33;
  const double k0 = m.k0_w_mk * p_[kK0] / 1.38;
  double low = 300.0, high = heater_k;
  for (int i = 0; i < 200; ++i) {  // bisection on what the slab brings minus what is lost
    const double ts = 0.5 * (low + high);
    const double q = Loss(drive_.time_s[0], ts, Emissivity(0.0));
    const double brought =
        300.0 * k0 / (1.0 - n) *
        (std::pow((heater_k - q * p_[kRc]) / 300.0, 1.0 - n) - std::pow(ts / 300.0, 1.0 - n)) /
        k_[kThickness];
    (brought > q ? low : high) = ts;
  }
  return low;
}

std::vector<double> SwcntOracle::Start() const {
  std::vector<double> y(thick_ ? kStates : kCell, 0.0);
  for (int z = 0; z < 3; ++z) {
    const int reading = tube_ ? kZ1Tc + z : static_cast<int>(kStageTc);
    const auto zone = static_cast<size_t>(z);
    y[kT + zone] = k_[kIdle] - p_[kBTc];
    y[kTc + zone] = (recipe_ ? k_[kIdle] : drive_.initial[reading]) - p_[kBTc];
  }
  const double heater = Heater(drive_.time_s[0], y.data());
  if (!tube_) {
    const double ts = SteadySurface(heater);
    y[kTs] = ts;
    const double q = Loss(drive_.time_s[0], ts, Emissivity(0.0));
    // Constant flux through the cells, marching from the heater.
    double behind = heater - q * p_[kRc];
    for (size_t j = 0; thick_ && j < 10; ++j) {
      const double width = k_[kThickness] / 10.0;
      double cell = behind;
      for (int i = 0; i < 50; ++i) cell = behind - q * 0.5 * width / Conductivity(cell);
      y[kCell + j] = cell;
      behind = cell - q * 0.5 * width / Conductivity(cell);
    }
  }
  const Gas gas = GasAt(drive_.time_s[0], y.data());
  const Feed& feed = FeedAt(static_cast<int>(k_[kFeedIndex]));
  y[kPf] = gas.feed_in;
  y[kPh] = gas.hydrogen_in;
  y[kPw] = gas.water_in;
  y[kReadW] = gas.water_in + p_[kPwBg] + feed.water_yield * gas.x * gas.feed_in;
  y[kReadA] = gas.x * gas.feed_in;
  y[kA] = 1.0;
  y[kVacant] = 1.0;
  y[kFourth] = std::pow(p_[kDp0], 4);
  return y;
}

/// One second of the PI controller, with the same smooth saturation as the twin's.
void SwcntOracle::Control(double t) {
  constexpr double kSoft = 0.005;
  const auto sigmoid = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
  for (int z = 0; z < (tube_ ? 3 : 1); ++z) {
    const auto i = static_cast<size_t>(z);
    const double error = HeaterAt(t, z) - Reading(z);
    const double u = k_[kKp] * error + integral_[i];
    integral_[i] += k_[kKp] / k_[kTi] * error * (sigmoid(u / kSoft) - sigmoid((u - 1.0) / kSoft));
    duty_[i] = kSoft * (SoftPlus(u / kSoft) - SoftPlus((u - 1.0) / kSoft));
  }
}

bool SwcntOracle::AdvanceToRow(Eigen::Index row) {
  row_ = row - 1;
  const double period_s = recipe_ ? 1.0 : 2.0;  // of the controller, or of the inputs
  for (double since_s = 0.0; since_s < 2.0; since_s += period_s) {
    now_s_ = drive_.time_s[row_] + since_s;
    if (recipe_) Control(now_s_);
    const auto rate = [this](double t, const double* y, double* dy) { Rate(t, y, dy); };
    if (!cvodes_.Advance(now_s_, now_s_ + period_s, rate)) return false;
  }
  now_s_ = drive_.time_s[row];
  return true;
}

double SwcntOracle::Pyrometer() const {
  return 1.0 / (1.0 / Surface() -
                k_[kWavelength] / 0.014388 * std::log(Emissivity(state(kN)) / k_[kEmissivitySet]));
}

}  // namespace parallax::twin::testing
