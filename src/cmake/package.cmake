# SPDX-License-Identifier: MIT
# The CMake package: one export file a component, found through baton-config.cmake.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/baton)

get_property(components GLOBAL PROPERTY baton_components)
list(REMOVE_DUPLICATES components)
foreach(component IN LISTS components)
  install(EXPORT baton-${component} NAMESPACE baton:: DESTINATION ${package_dir}
          COMPONENT baton_${component})
endforeach()

configure_package_config_file(cmake/baton-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/baton-config.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/baton-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/baton-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/baton-config-version.cmake
        DESTINATION ${package_dir} COMPONENT baton_core)
