#include "core/base/unit_text.h"

namespace parallax::base {

std::string SpellUnit(std::string_view ucum_code) {
  const bool micrometres = ucum_code.starts_with("um") &&
                           (ucum_code.size() == 2 || ucum_code[2] == '/' || ucum_code[2] == '2');
  return micrometres ? "µ" + std::string(ucum_code.substr(1)) : std::string(ucum_code);
}

}  // namespace parallax::base
