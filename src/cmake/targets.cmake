# SPDX-License-Identifier: MIT

# Flags of everything built here, none of which reaches a user of baton.
function(baton_set_flags target)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${BATON_WERROR}>:/WX>)
  else()
    target_compile_options(${target} PRIVATE
      -Wall -Wextra -Wconversion -Wshadow $<$<BOOL:${BATON_WERROR}>:-Werror>)
  endif()
endfunction()

# Adds the library baton_<name>, alias baton::<name>. All headers in include/baton/<name> are public.
#
#   COMPONENT       the part of the package it is installed with; the default is core
#   SOURCES         its files in src/<name>
#   LINKS           what its headers use
#   PRIVATE_LINKS   what only its sources use; $<BUILD_INTERFACE:...> around a header-only library
#                   spares users of the installed static library from having to find it
#   OPT_IN_HEADERS  headers that need a library which the user brings
function(baton_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPONENT" "SOURCES;LINKS;PRIVATE_LINKS;OPT_IN_HEADERS")
  if(NOT arg_COMPONENT)
    set(arg_COMPONENT core)
  endif()
  set(target baton_${name})
  set(include_dir ${baton_SOURCE_DIR}/include)
  file(GLOB headers CONFIGURE_DEPENDS ${include_dir}/baton/${name}/*.hpp)
  list(TRANSFORM arg_OPT_IN_HEADERS PREPEND ${include_dir}/baton/${name}/)
  if(arg_OPT_IN_HEADERS)
    list(REMOVE_ITEM headers ${arg_OPT_IN_HEADERS})
  endif()

  add_library(${target} ${arg_SOURCES})
  add_library(baton::${name} ALIAS ${target})
  baton_set_flags(${target})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  target_include_directories(${target} PRIVATE ${baton_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE BATON_BUILDING)
  if(BUILD_SHARED_LIBS)
    target_compile_definitions(${target} PUBLIC BATON_SHARED)
  endif()
  target_sources(${target} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${include_dir} FILES ${headers}
    FILE_SET opt_in TYPE HEADERS BASE_DIRS ${include_dir} FILES ${arg_OPT_IN_HEADERS})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${baton_VERSION}
    SOVERSION ${baton_VERSION_MAJOR}.${baton_VERSION_MINOR}
    POSITION_INDEPENDENT_CODE ON
    INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
  if(NOT APPLE)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH $ORIGIN)
  endif()
  baton_install(${target} ${arg_COMPONENT} FILE_SET opt_in)
endfunction()

# Installs a target and its headers as part of a component; further arguments go to install().
function(baton_install target component)
  if(BATON_INSTALL)
    install(TARGETS ${target} EXPORT baton-${component} COMPONENT baton_${component}
            FILE_SET HEADERS ${ARGN})
    set_property(GLOBAL APPEND PROPERTY baton_components ${component})
  endif()
endfunction()
