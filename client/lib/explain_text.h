#pragma once

#include <string>
#include <vector>

#include "client/lib/message_json.h"

/// What the parts of an explanation share: reading a report's figures and setting them as text of
/// at most 100 columns.
namespace parallax::client {

/// How far every part is set in.
inline constexpr char kIndent[] = "  ";

/// A string as it is, a number to four digits, "-" for all else.
std::string Text(const Json& value);

/// A unit for people: "µm/s"; "-" where there is none.
std::string UnitText(const Json& value);

/// A probability of inclusion: "0.97", "< 0.001"; "-" where there is none.
std::string Inclusion(const Json& value);

/// A mechanism's name in words: "substrate conductivity".
std::string MechanismWords(const Json& mechanism);

bool IsTrue(const Json& value);
std::vector<std::string> Strings(const Json& list);

/// A share as a whole number of percent, for a column of its own; with its sign after it; and as a
/// probability, where what rounds to 100 % is not certain.
std::string PercentNumber(const Json& value);
std::string Percent(const Json& value);
std::string Confidence(const Json& value);

/// "U", "U and eps", "U, eps and Ta_offset".
std::string Enumerate(const std::vector<std::string>& names);

std::string Heading(const std::string& text);
std::string Paragraph(const std::string& text);
/// A paragraph that ends with a full stop.
std::string Sentence(const std::string& text);

}  // namespace parallax::client
