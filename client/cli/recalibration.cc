#include "client/cli/recalibration.h"

#include <map>

namespace parallax::client {
namespace {

const std::map<std::string, v1::Recalibration>& Modes() {
  static const std::map<std::string, v1::Recalibration> kModes = {
      {"off", v1::RECALIBRATION_OFF},
      {"hold", v1::RECALIBRATION_HOLD},
      {"promote", v1::RECALIBRATION_PROMOTE}};
  return kModes;
}

}  // namespace

void AddRecalibration(CLI::App& verb, std::string& typed, const std::string& help) {
  verb.add_option("--recalibration", typed, help)
      ->check(CLI::IsMember({"hold", "promote", "off"}))
      ->type_name("MODE");
}

v1::Recalibration RecalibrationOf(const std::string& typed) {
  const auto found = Modes().find(typed);
  return found == Modes().end() ? v1::RECALIBRATION_UNSPECIFIED : found->second;
}

std::string RecalibrationText(const v1::Rig& rig) {
  for (const auto& [text, mode] : Modes()) {
    if (mode == rig.recalibration()) return text;
  }
  return "unspecified";
}

}  // namespace parallax::client
