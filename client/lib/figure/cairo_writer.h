#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/lib/figure/scene.h"

namespace parallax::client::figure {

/// A scene as the bytes of a PNG image, two pixels for each of the scene's.
/// Errors: Internal with Cairo's words.
absl::StatusOr<std::string> ToPng(const Scene& scene);

/// A scene as a PDF of one page, a point for each ¾ of the scene's pixels. It carries no date: the
/// same scene gives the same bytes. Errors: Internal with Cairo's words.
absl::StatusOr<std::string> ToPdf(const Scene& scene);

}  // namespace parallax::client::figure
