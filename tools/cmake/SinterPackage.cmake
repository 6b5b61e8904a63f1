# Installs the runtime for other projects: headers, shared and static library,
# find_package(sinter) and pkg-config's sinter-runtime.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
get_filename_component(SINTER_ROOT ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)

# The same objects as an archive; exported as sinter::runtime_static.
add_library(sinter_runtime_static STATIC $<TARGET_OBJECTS:sinter_runtime_objects>)
add_library(sinter::runtime_static ALIAS sinter_runtime_static)
set_target_properties(sinter_runtime_static PROPERTIES OUTPUT_NAME sinter_runtime
                      EXPORT_NAME runtime_static EXCLUDE_FROM_ALL OFF)
target_include_directories(sinter_runtime_static INTERFACE
                           $<BUILD_INTERFACE:${SINTER_ROOT}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# By name, not by the path on the machine that built it.
target_link_libraries(sinter_runtime_static INTERFACE Threads::Threads pcre2-8 utf8proc md)

install(TARGETS sinter_runtime EXPORT sinter-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sinter-runtime
        NAMELINK_COMPONENT sinter-dev)
install(TARGETS sinter_runtime_static EXPORT sinter-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sinter-dev)
install(FILES ${SINTER_ROOT}/include/sinter-c/depth.h ${SINTER_ROOT}/include/sinter-c/exits.h ${SINTER_ROOT}/include/sinter-c/ffns.h ${SINTER_ROOT}/include/sinter-c/profile.h ${SINTER_ROOT}/include/sinter-c/snapshot.h ${SINTER_ROOT}/include/sinter-c/speculation.h ${SINTER_ROOT}/include/sinter-c/switching.h ${SINTER_ROOT}/include/sinter-c/runtime.h ${SINTER_ROOT}/include/sinter-c/runtime.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sinter-c COMPONENT sinter-dev)

set(SINTER_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sinter)
install(EXPORT sinter-targets NAMESPACE sinter:: DESTINATION ${SINTER_PACKAGE_DIR}
        COMPONENT sinter-dev)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sinterConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/package/sinterConfig.cmake INSTALL_DESTINATION ${SINTER_PACKAGE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/package/sinterConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
# So that the installed tree can be moved.
file(RELATIVE_PATH SINTER_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/sinter-runtime.pc.in
  ${CMAKE_CURRENT_BINARY_DIR}/package/sinter-runtime.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/package/sinterConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/package/sinterConfigVersion.cmake
        DESTINATION ${SINTER_PACKAGE_DIR} COMPONENT sinter-dev)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/package/sinter-runtime.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT sinter-dev)
