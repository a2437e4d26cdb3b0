#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Abseil 20220623 has no status macros; these are the usual two.

/// Returns the status of `expr` from the enclosing function unless it is OK.
#define PARALLAX_RETURN_IF_ERROR(expr)                                                           \
  do {                                                                                           \
    if (absl::Status parallax_status_ = (expr); !parallax_status_.ok()) return parallax_status_; \
  } while (false)

#define PARALLAX_STATUS_CONCAT_INNER(a, b) a##b
#define PARALLAX_STATUS_CONCAT(a, b) PARALLAX_STATUS_CONCAT_INNER(a, b)
#define PARALLAX_ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                                   \
  if (!result.ok()) return std::move(result).status();    \
  lhs = std::move(result).value()

/// Evaluates `expr` (a StatusOr), returns its status on error, else moves the value into `lhs`.
#define PARALLAX_ASSIGN_OR_RETURN(lhs, expr) \
  PARALLAX_ASSIGN_OR_RETURN_IMPL(PARALLAX_STATUS_CONCAT(parallax_result_, __LINE__), lhs, expr)
