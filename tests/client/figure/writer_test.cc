#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "client/lib/figure/cairo_writer.h"
#include "client/lib/figure/style.h"
#include "client/lib/figure/svg_writer.h"
#include "tests/support/status_matchers.h"

namespace parallax::client::figure {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Scene SmallScene() {
  Scene scene{.width = 120.0, .height = 40.0, .title = "a < b & \"c\""};
  scene.AddRectangle("bar", {10.0, 5.5}, 30.25, 8.0, kBefore);
  scene.AddLine("whisker", {10.0, 20.0}, {60.0, 20.0}, kInk, 1.4);
  scene.items.emplace_back(Label{.at = {110.0, 30.0},
                                 .text = "T < 5 \x01 K",
                                 .colour = kInk,
                                 .anchor = Label::Anchor::kEnd,
                                 .weight = Label::Weight::kBold});
  return scene;
}

TEST(SvgWriterTest, ShapesAndTexts) {
  EXPECT_EQ(ToSvg(SmallScene()),
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"40\" "
            "viewBox=\"0 0 120 40\" role=\"img\" "
            "font-family=\"DejaVu Sans,Verdana,Helvetica,Arial,sans-serif\">\n"
            "<title>a &lt; b &amp; &quot;c&quot;</title>\n"
            "<rect width=\"120\" height=\"40\" fill=\"#ffffff\"/>\n"
            "<path class=\"bar\" d=\"M10 5.5L40.25 5.5L40.25 13.5L10 13.5Z\" fill=\"#d55e00\"/>\n"
            "<path class=\"whisker\" d=\"M10 20L60 20\" fill=\"none\" stroke=\"#202124\" "
            "stroke-width=\"1.4\"/>\n"
            "<text x=\"110\" y=\"30\" font-size=\"12\" fill=\"#202124\" text-anchor=\"end\" "
            "font-weight=\"bold\">T &lt; 5   K</text>\n"
            "</svg>\n");
}

/// Big-endian, as PNG has it.
uint32_t NumberAt(const std::string& bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
  return number;
}

TEST(CairoWriterTest, PngHasTwoPixelsForEachOfTheScene) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string png, ToPng(SmallScene()));
  EXPECT_THAT(png, StartsWith("\x89PNG\r\n\x1a\n"));
  EXPECT_EQ(NumberAt(png, 16), 240U);
  EXPECT_EQ(NumberAt(png, 20), 80U);
}

TEST(CairoWriterTest, PdfHasNoDate) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string pdf, ToPdf(SmallScene()));
  EXPECT_THAT(pdf, StartsWith("%PDF-1."));
  EXPECT_THAT(pdf, AllOf(HasSubstr("/MediaBox [ 0 0 90 30 ]"), HasSubstr("/Producer"),
                         Not(HasSubstr("CreationDate")), Not(HasSubstr("ModDate"))));
}

TEST(CairoWriterTest, SameSceneSameBytes) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string png, ToPng(SmallScene()));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string pdf, ToPdf(SmallScene()));
  EXPECT_EQ(*ToPng(SmallScene()), png);
  EXPECT_EQ(*ToPdf(SmallScene()), pdf);
}

TEST(CairoWriterTest, WhatCairoRefusesIsAnError) {
  Scene scene = SmallScene();
  scene.width = 1e6;  // wider than Cairo's images can be
  EXPECT_THAT(ToPng(scene), parallax::testing::StatusIs(absl::StatusCode::kInternal,
                                                        HasSubstr("cannot be drawn")));
}

}  // namespace
}  // namespace parallax::client::figure
