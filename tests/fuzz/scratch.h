#pragma once

#include <string>

namespace parallax::fuzz {

/// A folder of one process, in memory where the machine has such a file system, since targets write
/// it anew for every input. Removed with the object.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace parallax::fuzz
