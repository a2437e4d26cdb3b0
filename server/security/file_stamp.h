#pragma once

#include <sys/stat.h>

#include <string>

namespace parallax::server::security {

/// What tells a file from the one that replaced it; all zero where there is none.
struct stat StampOf(const std::string& path);

/// Whether two stamps are of one file that nobody has changed in between. Change times count chmod
/// and chown as well, after which a file may have to be refused.
bool SameFile(const struct stat& a, const struct stat& b);

}  // namespace parallax::server::security
