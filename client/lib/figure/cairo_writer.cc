#include "client/lib/figure/cairo_writer.h"

#include <cairo-pdf.h>
#include <cairo.h>

#include <cmath>
#include <memory>

#include "absl/strings/str_format.h"
#include "client/lib/figure/style.h"
#include "core/base/status_macros.h"

namespace parallax::client::figure {
namespace {

constexpr double kPngScale = 2.0;
constexpr double kPointsPerPixel = 0.75;

struct Destroy {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};
using Surface = std::unique_ptr<cairo_surface_t, Destroy>;
using CairoContext = std::unique_ptr<cairo_t, Destroy>;

absl::Status StatusOf(cairo_status_t status) {
  if (status == CAIRO_STATUS_SUCCESS) return absl::OkStatus();
  return absl::InternalError(
      absl::StrFormat("the figure cannot be drawn: %s", cairo_status_to_string(status)));
}

cairo_status_t AppendBytes(void* closure, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

void SetColour(cairo_t* context, const Colour& colour) {
  cairo_set_source_rgb(context, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0);
}

void Draw(cairo_t* context, const Shape& shape) {
  for (const Point& point : shape.points) cairo_line_to(context, point.x, point.y);
  if (shape.outline == Shape::Outline::kClosed) cairo_close_path(context);
  if (shape.fill) {
    SetColour(context, *shape.fill);
    cairo_fill_preserve(context);
  }
  if (shape.stroke) {
    SetColour(context, *shape.stroke);
    cairo_set_line_width(context, shape.width);
    cairo_stroke_preserve(context);
  }
  cairo_new_path(context);
}

void Draw(cairo_t* context, const Label& label) {
  cairo_select_font_face(
      context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
      label.weight == Label::Weight::kBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context, label.size);
  cairo_text_extents_t extents;
  cairo_text_extents(context, label.text.c_str(), &extents);
  double x = label.at.x;
  if (label.anchor == Label::Anchor::kMiddle) x -= 0.5 * extents.x_advance;
  if (label.anchor == Label::Anchor::kEnd) x -= extents.x_advance;
  SetColour(context, label.colour);
  cairo_move_to(context, x, label.at.y);
  cairo_show_text(context, label.text.c_str());
  cairo_new_path(context);
}

/// Draws on a surface of which one pixel of the scene takes `scale`.
absl::Status DrawScene(const Scene& scene, double scale, cairo_surface_t* surface) {
  const CairoContext context(cairo_create(surface));
  cairo_scale(context.get(), scale, scale);
  SetColour(context.get(), kPaper);
  cairo_paint(context.get());
  for (const auto& item : scene.items) {
    std::visit([&](const auto& drawn) { Draw(context.get(), drawn); }, item);
  }
  return StatusOf(cairo_status(context.get()));
}

}  // namespace

absl::StatusOr<std::string> ToPng(const Scene& scene) {
  const Surface surface(cairo_image_surface_create(
      CAIRO_FORMAT_RGB24, static_cast<int>(std::ceil(scene.width * kPngScale)),
      static_cast<int>(std::ceil(scene.height * kPngScale))));
  PARALLAX_RETURN_IF_ERROR(DrawScene(scene, kPngScale, surface.get()));
  std::string bytes;
  PARALLAX_RETURN_IF_ERROR(
      StatusOf(cairo_surface_write_to_png_stream(surface.get(), AppendBytes, &bytes)));
  return bytes;
}

absl::StatusOr<std::string> ToPdf(const Scene& scene) {
  std::string bytes;
  const Surface surface(cairo_pdf_surface_create_for_stream(
      AppendBytes, &bytes, scene.width * kPointsPerPixel, scene.height * kPointsPerPixel));
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE, scene.title.c_str());
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, "");
  PARALLAX_RETURN_IF_ERROR(DrawScene(scene, kPointsPerPixel, surface.get()));
  cairo_surface_finish(surface.get());
  PARALLAX_RETURN_IF_ERROR(StatusOf(cairo_surface_status(surface.get())));
  return bytes;
}

}  // namespace parallax::client::figure
