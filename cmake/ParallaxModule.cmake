include(GoogleTest)

# The headers that nearly every translation unit reads, compiled once for those that are optimised and once for those
# that are not: parallax_precompiled, parallax_precompiled_unoptimised, and for tests parallax_test_precompiled….
function(parallax_add_precompiled_header target headers)
  foreach(variant "${target}" "${target}_unoptimised")
    add_library(${variant} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/precompiled.cc)
    target_link_libraries(${variant} PRIVATE parallax_options absl::statusor absl::str_format
                          absl::time Eigen3::Eigen ${ARGN})
    target_precompile_headers(${variant} PRIVATE ${headers})
  endforeach()
  target_compile_options(${target}_unoptimised PRIVATE -O0)
endfunction()

if(PARALLAX_PRECOMPILED_HEADERS)
  set(_core_headers <algorithm> <cmath> <cstdint> <functional> <map> <memory> <optional> <span>
      <string> <string_view> <vector> <absl/status/statusor.h> <absl/strings/str_format.h>
      <absl/time/time.h> <Eigen/Dense>)
  parallax_add_precompiled_header(parallax_precompiled "${_core_headers}")
  if(PARALLAX_TESTS)
    set(_test_headers ${_core_headers} <gmock/gmock.h> <gtest/gtest.h>)
    parallax_add_precompiled_header(parallax_test_precompiled "${_test_headers}" GTest::gmock)
  endif()
endif()

# Gives a target the headers precompiled under a name, and compiles its files several at once. Most of the time to
# compile a file goes into templates that its neighbours need as well: no two files of a target may define one name, and
# none may hide a header's (tests/layering/check_names.py).
function(parallax_compile target precompiled)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${PARALLAX_BATCHES} UNITY_BUILD_BATCH_SIZE 24)
  if(PARALLAX_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${precompiled})
  endif()
endfunction()

# The same for what runs for less time than it takes to optimise it, which with sanitizers is two thirds of the time to
# compile it: then it is not optimised.
function(parallax_compile_briefly target precompiled)
  if(PARALLAX_SANITIZERS)
    target_compile_options(${target} PRIVATE -O0)
    string(APPEND precompiled _unoptimised)
  endif()
  parallax_compile(${target} ${precompiled})
endfunction()

# Sets `result` to the optimised modules that a target links, directly or not.
function(parallax_optimised_modules result target)
  get_target_property(_left ${target} LINK_LIBRARIES)
  set(_seen)
  set(_found)
  while(_left)
    list(POP_FRONT _left _one)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" _one "${_one}")
    if(NOT _one MATCHES "^parallax_" OR _one IN_LIST _seen)
      continue()
    endif()
    list(APPEND _seen ${_one})
    get_target_property(_links ${_one} INTERFACE_LINK_LIBRARIES)
    if(_links)
      list(APPEND _left ${_links})
    endif()
    get_target_property(_optimised ${_one} PARALLAX_OPTIMISED)
    if(_optimised)
      list(APPEND _found ${_one})
    endif()
  endwhile()
  set(${result} ${_found} PARENT_SCOPE)
endfunction()

# parallax_brief_program(store_fill parallax_test_precompiled): compiles the files of a program briefly. Of a template
# that both instantiate the linker takes what it meets first: that is to be a module's, not the program's.
function(parallax_brief_program target precompiled)
  parallax_compile_briefly(${target} ${precompiled})
  if(NOT PARALLAX_SANITIZERS)
    return()
  endif()
  parallax_optimised_modules(_modules ${target})
  list(TRANSFORM _modules REPLACE "(.+)" "$<TARGET_FILE:\\1>")
  target_link_options(${target} PRIVATE LINKER:--whole-archive ${_modules} LINKER:--no-whole-archive)
endfunction()

# parallax_module(base SOURCES a.cc b.cc DEPENDS absl::status): one folder, one namespace, one target.
# BRIEF: see parallax_compile_briefly.
function(parallax_module name)
  cmake_parse_arguments(ARG "BRIEF" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(parallax_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(parallax_${name} PUBLIC parallax_options absl::statusor absl::str_format
                        absl::time Eigen3::Eigen ${ARG_DEPENDS})
  if(ARG_BRIEF)
    parallax_compile_briefly(parallax_${name} parallax_precompiled)
  else()
    parallax_compile(parallax_${name} parallax_precompiled)
    set_target_properties(parallax_${name} PROPERTIES PARALLAX_OPTIMISED ON)
  endif()
endfunction()

# What the thread-sanitizer stage builds: every test program labelled concurrent, and under --full those labelled
# concurrent-full as well, which need most of the product.
add_custom_target(concurrent_tests)
add_custom_target(all_concurrent_tests)
add_dependencies(all_concurrent_tests concurrent_tests)

# Labels of every case of a test program. gtest_discover_tests loses all but the first of a list, so
# ctest sets them after discovery.
function(parallax_label_tests name labels)
  set(_file ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(CONFIGURE OUTPUT ${_file} @ONLY CONTENT [[
foreach(test IN LISTS @name@_TESTS)
  set_tests_properties("${test}" PROPERTIES LABELS "@labels@")
endforeach()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${_file})
  if("concurrent" IN_LIST labels)
    add_dependencies(concurrent_tests ${name})
  elseif("concurrent-full" IN_LIST labels)
    add_dependencies(all_concurrent_tests ${name})
  endif()
endfunction()

# parallax_test(signal_test SOURCES a_test.cc DEPENDS parallax_signal LABELS unit concurrent): one test
# program a module; every case becomes a ctest case named <program>.<suite>.<case>. Programs labelled
# concurrent also run under ThreadSanitizer, those labelled concurrent-full under --full.
# TOGETHER ASuite BSuite+*/CSuite: each is a group of suites that become the one ctest case <program>.<group>, since
# they share a fixture worth seconds, which each case in a process of its own would build again. The group * is the
# whole program, <program>.all, where cases are short: a sanitized process starts and looks for leaks in a fifth of a
# second.
# OPTIMISED: with sanitizers, too, since what stands in the tests themselves computes long. Others are compiled briefly.
# COST: seconds that its longest case takes with sanitizers; ctest starts the dearest first, so that none is left
# to run alone at the end.
function(parallax_test name)
  cmake_parse_arguments(ARG "OPTIMISED" "TIMEOUT;COST" "SOURCES;DEPENDS;LABELS;TOGETHER" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE parallax_options absl::statusor absl::str_format absl::time
                        Eigen3::Eigen ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE PARALLAX_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  if(ARG_OPTIMISED)
    parallax_compile(${name} parallax_test_precompiled)
  else()
    parallax_brief_program(${name} parallax_test_precompiled)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(NOT ARG_COST)
    set(ARG_COST 0)
  endif()
  set(_grouped)
  foreach(group ${ARG_TOGETHER})
    string(REPLACE "+" ".*:" _filter "${group}.*")
    string(REPLACE "*/" "" _case "${group}")
    string(REPLACE "*" "all" _case "${_case}")
    add_test(NAME ${name}.${_case} COMMAND ${name} "--gtest_filter=${_filter}")
    set_tests_properties(${name}.${_case} PROPERTIES TIMEOUT ${ARG_TIMEOUT} COST ${ARG_COST} LABELS "${ARG_LABELS}")
    list(APPEND _grouped "${_filter}")
  endforeach()
  set(_alone)
  if(_grouped)
    list(JOIN _grouped ":" _grouped)
    set(_alone TEST_FILTER "-${_grouped}")
  endif()
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST ${_alone}
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} COST ${ARG_COST})
  parallax_label_tests(${name} "${ARG_LABELS}")
endfunction()
