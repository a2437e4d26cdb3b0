#pragma once

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "client/lib/backoff.h"
#include "core/base/clock.h"

namespace parallax::client {

/// What a command sees of the process that it runs in, so that tests can stand in for it.
struct Environment {
  std::istream& in;
  std::ostream& out;  ///< data only
  std::ostream& err;  ///< everything else
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::function<std::optional<std::string>(const std::string&)> variable;  ///< as getenv
  const base::Clock& clock;
  Sleeper& sleeper;
};

}  // namespace parallax::client
