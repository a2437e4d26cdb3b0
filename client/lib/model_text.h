#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// A model's card in plain words: of each outcome from what it learned, how it foretold runs that
/// it had not seen beside the twin alone, and what the guard says.
std::string ModelCardText(const Json& card);

}  // namespace parallax::client
