# Compiler flags of our own code; dependencies are SYSTEM and stay quiet.
option(PARALLAX_PRECOMPILED_HEADERS "Share one precompiled header between our targets" ON)
set(PARALLAX_SANITIZERS "" CACHE STRING "Value of -fsanitize= for every target, or empty")
option(PARALLAX_BATCHES "Compile files of a target several at a time: whole builds are faster, small ones slower" OFF)
option(PARALLAX_TESTS "Build tests and benchmarks; needs their packages" ON)
option(PARALLAX_FUZZ "Build the libFuzzer targets (clang only)" OFF)

add_library(parallax_options INTERFACE)
target_include_directories(parallax_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(parallax_options INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor
  # Results must not depend on whether the compiler contracts a*b+c.
  -ffp-contract=off
  # gRPC asks for it; a precompiled header is shared only by targets that agree.
  -pthread)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(parallax_options INTERFACE -Wthread-safety -Wreserved-identifier)
else()
  # GCC 12 warns of members that a designated initialiser leaves at their default: that is its use.
  target_compile_options(parallax_options INTERFACE -Wno-missing-field-initializers
    # At -O2 it sees uninitialised reads inside std::string, StatusOr and CLI11, and uses of freed memory inside
    # Eigen, that are not there; clang and the sanitizers watch for the real ones.
    -Wno-maybe-uninitialized -Wno-use-after-free)
endif()

if(PARALLAX_SANITIZERS)
  add_compile_options(-fsanitize=${PARALLAX_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PARALLAX_SANITIZERS})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options(-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignorelist.txt)
  endif()
endif()

if(PARALLAX_FUZZ)
  # Coverage feedback from our libraries; tests/fuzz links the fuzzer itself.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
