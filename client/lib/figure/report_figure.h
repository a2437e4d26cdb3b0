#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/lib/figure/scene.h"
#include "client/lib/message_json.h"

namespace parallax::client::figure {

enum class Format { kSvg, kPng, kPdf };

/// By the ending of a path: .svg, .png or .pdf. Errors: InvalidArgument naming the path.
absl::StatusOr<Format> FormatOf(const std::string& path);

enum class Panel { kAll, kWaterfall, kResiduals, kPosterior, kChirality };

struct FigureOptions {
  Panel panel = Panel::kAll;
  std::string
      run;  ///< held-out run of the chirality map; empty: the one that calibration moves most
};

/// One page with the panels that the report has figures for, the verdict's sentence on top. Panels
/// that it has none for are left out, and the last line says so.
/// @param report  canonical report JSON (schema parallax-report/1).
/// Errors: NotFound with the reason where the one panel or run asked for is not in the report.
absl::StatusOr<Scene> ComposePage(const Json& report, const FigureOptions& options);

/// The page as the bytes of a file; the same report and options give the same bytes, for PNG and
/// PDF as long as the machine's fonts stay. Errors: as ComposePage; Internal where Cairo fails.
absl::StatusOr<std::string> RenderReport(const Json& report, Format format,
                                         const FigureOptions& options);

}  // namespace parallax::client::figure
