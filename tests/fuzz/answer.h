#pragma once

#include <string>

namespace parallax::fuzz {

/// Bytes that the code under test made of an input, on their way to the target's judgement. They
/// pass unchanged, unless the environment has PARALLAX_PLANTED_BUG: then a bit of one in so many,
/// chosen by their hash, is wrong, as by a bug that few inputs meet. A target that finds nothing
/// then reaches too little, or compares nothing.
std::string Answer(std::string bytes);

}  // namespace parallax::fuzz
