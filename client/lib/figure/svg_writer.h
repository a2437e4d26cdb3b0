#pragma once

#include <string>

#include "client/lib/figure/scene.h"

namespace parallax::client::figure {

/// A scene as an SVG document. Texts stay texts: they can be searched, read aloud and restyled. The
/// same scene gives the same bytes on every machine.
std::string ToSvg(const Scene& scene);

}  // namespace parallax::client::figure
