#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::base {

/// What a unit measures. Temperature and temperature difference are different quantities: 1 Cel of
/// temperature is 274.15 K, 1 Cel of difference is 1 K.
enum class Dimension {
  kDimensionless,
  kTemperature,
  kLength,
  kArea,
  kVolume,
  kMass,
  kTime,
  kFrequency,
  kPressure,
  kVolumeFlow,
  kPower,
  kEnergy,
  kCurrent,
  kVoltage,
  kResistance,
  kAmount,
  kAmountFlow,
  kVelocity,
  kWavenumber,
  kAngle,
};

/// One code of the closed table: SI value = scale * value + offset.
struct Unit {
  std::string_view code;  ///< UCUM, case sensitive: "Cel", "mL/min"
  Dimension dimension;
  double scale;   ///< SI units per unit
  double offset;  ///< SI value of zero; not 0 for Cel and [degF] only
};

/// Looks a UCUM code up in the closed table of about 50 codes.
/// Errors: InvalidArgument naming the code and, where one is near, "did you mean".
absl::StatusOr<Unit> FindUnit(std::string_view ucum_code);

/// All codes, in table order, for listings.
const std::vector<Unit>& AllUnits();

/// A value of the quantity itself: 0 Cel is 273.15 K.
double ToSi(const Unit& unit, double value);
double FromSi(const Unit& unit, double value_si);
/// A difference, noise sd or resolution: 1 Cel is 1 K.
double DifferenceToSi(const Unit& unit, double difference);
double DifferenceFromSi(const Unit& unit, double difference_si);

/// The code of the coherent SI unit of a dimension ("K", "m3/s", "1").
std::string_view SiCode(Dimension dimension);

}  // namespace parallax::base
