#include "core/base/units.h"

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"

namespace parallax::base {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kMinute = 60.0;
constexpr double kHour = 3600.0;

// Scales are the exact definitions of UCUM 2.1 (https://ucum.org/ucum) and of the SI of 2019.
std::vector<Unit> MakeTable() {
  using D = Dimension;
  return {
      {"1", D::kDimensionless, 1.0, 0.0},
      {"%", D::kDimensionless, 1e-2, 0.0},
      {"[ppth]", D::kDimensionless, 1e-3, 0.0},
      {"[ppm]", D::kDimensionless, 1e-6, 0.0},
      {"[ppb]", D::kDimensionless, 1e-9, 0.0},
      {"K", D::kTemperature, 1.0, 0.0},
      {"mK", D::kTemperature, 1e-3, 0.0},
      {"Cel", D::kTemperature, 1.0, 273.15},
      {"[degF]", D::kTemperature, 5.0 / 9.0, 459.67 * 5.0 / 9.0},
      {"m", D::kLength, 1.0, 0.0},
      {"cm", D::kLength, 1e-2, 0.0},
      {"mm", D::kLength, 1e-3, 0.0},
      {"um", D::kLength, 1e-6, 0.0},
      {"nm", D::kLength, 1e-9, 0.0},
      {"m2", D::kArea, 1.0, 0.0},
      {"cm2", D::kArea, 1e-4, 0.0},
      {"mm2", D::kArea, 1e-6, 0.0},
      {"m3", D::kVolume, 1.0, 0.0},
      {"L", D::kVolume, 1e-3, 0.0},
      {"mL", D::kVolume, 1e-6, 0.0},
      {"kg", D::kMass, 1.0, 0.0},
      {"g", D::kMass, 1e-3, 0.0},
      {"mg", D::kMass, 1e-6, 0.0},
      {"ug", D::kMass, 1e-9, 0.0},
      {"s", D::kTime, 1.0, 0.0},
      {"ms", D::kTime, 1e-3, 0.0},
      {"min", D::kTime, kMinute, 0.0},
      {"h", D::kTime, kHour, 0.0},
      {"Hz", D::kFrequency, 1.0, 0.0},
      {"kHz", D::kFrequency, 1e3, 0.0},
      {"Pa", D::kPressure, 1.0, 0.0},
      {"kPa", D::kPressure, 1e3, 0.0},
      {"bar", D::kPressure, 1e5, 0.0},
      {"mbar", D::kPressure, 1e2, 0.0},
      {"atm", D::kPressure, 101325.0, 0.0},
      {"mm[Hg]", D::kPressure, 133.322, 0.0},
      {"[psi]", D::kPressure, 6894.757293168361, 0.0},
      {"m3/s", D::kVolumeFlow, 1.0, 0.0},
      {"L/min", D::kVolumeFlow, 1e-3 / kMinute, 0.0},
      {"mL/min", D::kVolumeFlow, 1e-6 / kMinute, 0.0},
      {"W", D::kPower, 1.0, 0.0},
      {"kW", D::kPower, 1e3, 0.0},
      {"mW", D::kPower, 1e-3, 0.0},
      {"J", D::kEnergy, 1.0, 0.0},
      {"kJ", D::kEnergy, 1e3, 0.0},
      {"A", D::kCurrent, 1.0, 0.0},
      {"mA", D::kCurrent, 1e-3, 0.0},
      {"uA", D::kCurrent, 1e-6, 0.0},
      {"V", D::kVoltage, 1.0, 0.0},
      {"mV", D::kVoltage, 1e-3, 0.0},
      {"kV", D::kVoltage, 1e3, 0.0},
      {"Ohm", D::kResistance, 1.0, 0.0},
      {"kOhm", D::kResistance, 1e3, 0.0},
      {"mol", D::kAmount, 1.0, 0.0},
      {"mmol", D::kAmount, 1e-3, 0.0},
      {"mol/s", D::kAmountFlow, 1.0, 0.0},
      {"mol/min", D::kAmountFlow, 1.0 / kMinute, 0.0},
      {"m/s", D::kVelocity, 1.0, 0.0},
      {"um/s", D::kVelocity, 1e-6, 0.0},
      {"um/min", D::kVelocity, 1e-6 / kMinute, 0.0},
      {"1/m", D::kWavenumber, 1.0, 0.0},
      {"1/cm", D::kWavenumber, 1e2, 0.0},
      {"rad", D::kAngle, 1.0, 0.0},
      {"deg", D::kAngle, kPi / 180.0, 0.0},
  };
}

struct Alias {
  std::string_view wrong;  // lower case
  std::string_view code;
  std::string_view note;
};

constexpr std::string_view kStandardFlowNote =
    " with the gas state in the channel's reference {temperature_k, pressure_pa}";

// What people write instead; edit distance alone would not lead from here to the right code.
constexpr std::array<Alias, 33> kAliases = {{
    {"c", "Cel", ""},
    {"degc", "Cel", ""},
    {"\u00b0c", "Cel", ""},
    {"celsius", "Cel", ""},
    {"f", "[degF]", ""},
    {"degf", "[degF]", ""},
    {"\u00b0f", "[degF]", ""},
    {"fahrenheit", "[degF]", ""},
    {"kelvin", "K", ""},
    {"degk", "K", ""},
    {"sccm", "mL/min", kStandardFlowNote},
    {"slm", "L/min", kStandardFlowNote},
    {"slpm", "L/min", kStandardFlowNote},
    {"torr", "mm[Hg]", ""},
    {"mmhg", "mm[Hg]", ""},
    {"psi", "[psi]", ""},
    {"percent", "%", ""},
    {"pct", "%", ""},
    {"ppm", "[ppm]", ""},
    {"ppb", "[ppb]", ""},
    {"\u00b5m", "um", ""},
    {"\u03bcm", "um", ""},
    {"micron", "um", ""},
    {"\u03a9", "Ohm", ""},
    {"ohms", "Ohm", ""},
    {"sec", "s", ""},
    {"hr", "h", ""},
    {"cm-1", "1/cm", ""},
    {"cm^-1", "1/cm", ""},
    {"degree", "deg", ""},
    {"none", "1", ""},
    {"", "1", ""},
    {"ml/m", "mL/min", ""},
}};

std::string Suggestion(std::string_view code) {
  const std::string lower = absl::AsciiStrToLower(absl::string_view(code.data(), code.size()));
  for (const Alias& alias : kAliases) {
    if (lower == alias.wrong) {
      return absl::StrFormat("did you mean \"%s\"%s?", alias.code, alias.note);
    }
  }
  std::vector<std::string> codes;
  for (const Unit& unit : AllUnits()) codes.emplace_back(unit.code);
  const std::string nearest = NearestName(code, codes);
  return nearest.empty() ? "" : absl::StrFormat("did you mean \"%s\"?", nearest);
}

}  // namespace

const std::vector<Unit>& AllUnits() {
  static const auto& table = *new std::vector<Unit>(MakeTable());
  return table;
}

absl::StatusOr<Unit> FindUnit(std::string_view ucum_code) {
  for (const Unit& unit : AllUnits()) {
    if (unit.code == ucum_code) return unit;
  }
  const std::string suggestion = Suggestion(ucum_code);
  return WithFieldError(absl::InvalidArgumentError(absl::StrFormat(
                            "unit \"%s\" is not one of the UCUM codes known here%s%s", ucum_code,
                            suggestion.empty() ? "" : "; ", suggestion)),
                        {.field = "",
                         .value = std::string(ucum_code),
                         .bound = "a UCUM code of the closed table",
                         .next_step = suggestion});
}

double ToSi(const Unit& unit, double value) { return unit.scale * value + unit.offset; }
double FromSi(const Unit& unit, double value_si) { return (value_si - unit.offset) / unit.scale; }
double DifferenceToSi(const Unit& unit, double difference) { return unit.scale * difference; }
double DifferenceFromSi(const Unit& unit, double difference_si) {
  return difference_si / unit.scale;
}

std::string_view SiCode(Dimension dimension) {
  // The first code of a dimension with scale 1 and no offset is its coherent SI unit.
  for (const Unit& unit : AllUnits()) {
    if (unit.dimension == dimension && unit.scale == 1.0 && unit.offset == 0.0) return unit.code;
  }
  return "1";
}

}  // namespace parallax::base
