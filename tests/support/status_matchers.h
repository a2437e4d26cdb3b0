#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"

namespace parallax::testing {

inline const absl::Status& ToStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& result) {
  return result.status();
}

/// Matches a Status or StatusOr that is OK.
MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << ToStatus(arg).ToString();
  return ToStatus(arg).ok();
}

/// Matches a Status or StatusOr of this code: EXPECT_THAT(s,
/// StatusIs(absl::StatusCode::kNotFound)).
MATCHER_P(StatusIs, code, "has code " + absl::StatusCodeToString(code)) {
  *result_listener << "which is " << ToStatus(arg).ToString();
  return ToStatus(arg).code() == code;
}

/// The same with a matcher for the message: StatusIs(code, HasSubstr("must be > 0")).
MATCHER_P2(StatusIs, code, message, "has code " + absl::StatusCodeToString(code)) {
  *result_listener << "which is " << ToStatus(arg).ToString();
  return ToStatus(arg).code() == code &&
         ::testing::ExplainMatchResult(message, std::string(ToStatus(arg).message()),
                                       result_listener);
}

}  // namespace parallax::testing

#define PARALLAX_EXPECT_OK(expression) EXPECT_THAT(expression, ::parallax::testing::IsOk())
#define PARALLAX_ASSERT_OK(expression) ASSERT_THAT(expression, ::parallax::testing::IsOk())

#define PARALLAX_ASSERT_OK_AND_ASSIGN_IMPL(result, lhs, expression)   \
  auto result = (expression);                                         \
  ASSERT_TRUE(result.ok()) << #expression << ": " << result.status(); \
  lhs = std::move(result).value()

/// Evaluates `expression` (a StatusOr), fails the test on error, else moves the value into `lhs`.
#define PARALLAX_ASSERT_OK_AND_ASSIGN(lhs, expression)                                          \
  PARALLAX_ASSERT_OK_AND_ASSIGN_IMPL(PARALLAX_STATUS_CONCAT(parallax_assert_result_, __LINE__), \
                                     lhs, expression)
