#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parallax::base {

/// Least number of insertions, deletions and substitutions of bytes that turn `a` into `b`, where a
/// substitution of a letter by its other case costs half of one. Counted in halves.
/// Source: Wagner and Fischer, The string-to-string correction problem (1974).
int EditDistanceHalves(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, or an empty string where none is within a third of its length
/// (at least one edit). For the "did you mean" of error messages.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace parallax::base
