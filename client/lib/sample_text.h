#pragma once

#include <string>

namespace parallax::client {

/// The shortest text from which the same bits are read again.
std::string ExactText(double value);

/// "good", "uncertain" or "bad", with the number of the reason where there is one, of a byte of
/// GetSeriesResponse.quality.
std::string QualityText(char byte);

}  // namespace parallax::client
