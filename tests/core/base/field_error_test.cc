#include "core/base/field_error.h"

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"

namespace parallax::base {
namespace {

TEST(FieldError, IsSaidToPeopleAndCarriedForPrograms) {
  const absl::Status status = InvalidField({"rig.unit", "degC", "a UCUM code", "did you mean x?"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "rig.unit = \"degC\", must be a UCUM code; did you mean x?");
  const std::optional<FieldError> error = FieldErrorOf(status);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->field, "rig.unit");
  EXPECT_EQ(error->value, "degC");
  EXPECT_EQ(error->bound, "a UCUM code");
  EXPECT_EQ(error->next_step, "did you mean x?");
}

TEST(FieldError, NumbersStandWithoutQuotesUnderTheNameThatIsSaid) {
  const absl::Status status =
      FieldStatus(absl::StatusCode::kOutOfRange, {"segments[2].feed_sp", "-5", ">= 0", ""},
                  "segment \"grow\": feed_sp");
  EXPECT_EQ(status.message(), "segment \"grow\": feed_sp = -5, must be >= 0");
  EXPECT_EQ(FieldErrorOf(status)->field, "segments[2].feed_sp");
  EXPECT_EQ(FieldErrorOf(status)->next_step, "");
}

TEST(FieldError, EchoesNeitherHugeNorUnprintableTextAndCutsNoBound) {
  const std::string bound = absl::StrFormat("%01000d", 0);
  const absl::Status status = InvalidField({"f\x1fg", bound, bound, ""});
  EXPECT_EQ(FieldErrorOf(status)->field, "f?g");
  EXPECT_EQ(FieldErrorOf(status)->value,
            absl::StrFormat("%s... (1000 bytes)", bound.substr(0, 64)));
  EXPECT_EQ(FieldErrorOf(status)->bound, bound);
}

TEST(FieldError, TheFirstOneStays) {
  const absl::Status status = WithFieldError(
      WithFieldError(absl::AbortedError("m"), {"inner", "1", "2", ""}), {"outer", "", "", ""});
  EXPECT_EQ(FieldErrorOf(status)->field, "inner");
  EXPECT_TRUE(WithFieldError(absl::OkStatus(), {"f", "", "", ""}).ok());
  EXPECT_FALSE(FieldErrorOf(absl::AbortedError("bare")).has_value());
}

TEST(FieldError, WithinAndAnnotateAddWhereItHappened) {
  const absl::Status status =
      Annotate(Within(InvalidField({"thickness_m", "0", "> 0", ""}), "run"), "run \"b\"");
  EXPECT_EQ(status.message(), "run \"b\": thickness_m = 0, must be > 0");
  EXPECT_EQ(FieldErrorOf(status)->field, "run.thickness_m");
  EXPECT_EQ(Annotate(status, "run \"b\""), status) << "it stands there already";
  EXPECT_EQ(Plain(status), "INVALID_ARGUMENT: run \"b\": thickness_m = 0, must be > 0");
  EXPECT_EQ(FieldErrorOf(Within(InvalidField({"[U]", "-1", "> 0", ""}), "set"))->field, "set[U]");
  EXPECT_EQ(FieldErrorOf(Within(InvalidField({"", "T9", "known", ""}), "channel"))->field,
            "channel");
  EXPECT_FALSE(FieldErrorOf(Within(absl::AbortedError("bare"), "run")).has_value());
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
}

}  // namespace
}  // namespace parallax::base
