#include "server/security/file_stamp.h"

namespace parallax::server::security {
namespace {

bool SameTime(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

struct stat StampOf(const std::string& path) {
  struct stat stamp = {};
  if (stat(path.c_str(), &stamp) != 0) stamp = {};
  return stamp;
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         SameTime(a.st_mtim, b.st_mtim) && SameTime(a.st_ctim, b.st_ctim);
}

}  // namespace parallax::server::security
