#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace parallax::pipeline {

/// A number of a report: a value that does not exist (NaN, infinity) becomes null.
nlohmann::json JsonNumber(double value);

/// The canonical form of everything that is hashed: UTF-8, keys sorted, no white space, doubles in
/// the shortest form that reads back to the same bits.
std::string CanonicalJson(const nlohmann::json& value);

}  // namespace parallax::pipeline
