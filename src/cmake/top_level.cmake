# SPDX-License-Identifier: MIT
# Defaults of a build of baton itself. Never included by a host that uses baton as a subproject.
get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT CMAKE_BUILD_TYPE AND NOT multi_config)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# lint builds the resulting targets: every public header must compile by itself.
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

find_program(BATON_CCACHE ccache)
mark_as_advanced(BATON_CCACHE)
if(BATON_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without this sloppiness ccache refuses every test, as they use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros ${BATON_CCACHE})
endif()
