#pragma once

#include <cstdio>
#include <cstdlib>

/// Aborts with the condition and its place when an invariant of the program is broken.
/// Bad input is never a broken invariant: it is an absl::Status.
#define PARALLAX_CHECK(condition)                                                            \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
