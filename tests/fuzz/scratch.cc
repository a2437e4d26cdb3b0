#include "tests/fuzz/scratch.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "core/base/check.h"

namespace parallax::fuzz {

Scratch::Scratch() {
  constexpr const char* kMemory = "/dev/shm";
  path_ = access(kMemory, W_OK) == 0 ? kMemory : std::filesystem::temp_directory_path().string();
  path_ += "/parallax_fuzz_XXXXXX";
  PARALLAX_CHECK(mkdtemp(path_.data()) != nullptr);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace parallax::fuzz
