# MLIR and LLVM 22 as shared libraries, a precompiled header, and the rules for
# dialects and compiler libraries.
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
find_package(LLVM 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/llvm)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(SINTER_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")

# One precompiled header for all compiler code: MLIR headers cost ten seconds a
# file without it.
add_library(sinter_mlir_pch OBJECT ${CMAKE_SOURCE_DIR}/tools/cmake/Pch.cpp)
target_precompile_headers(sinter_mlir_pch PRIVATE ${CMAKE_SOURCE_DIR}/tools/cmake/Pch.h)

function(sinter_mlir_target target)
  target_include_directories(${target} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include
                             ${CMAKE_BINARY_DIR})
  target_compile_definitions(${target} PRIVATE ${SINTER_LLVM_DEFINITIONS})
  sinter_warnings(${target})
endfunction()
sinter_mlir_target(sinter_mlir_pch)

# sinter_tablegen(TARGET TD OUT ARGS... [OUT ARGS...]...): runs mlir-tblgen on TD in
# the current folder; an output file is followed by its arguments, which begin
# with a dash.
function(sinter_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(words ${ARGN})
  while(words)
    list(POP_FRONT words out)
    set(args)
    while("${words}" MATCHES "^-")
      list(POP_FRONT words arg)
      list(APPEND args ${arg})
    endwhile()
    mlir_tablegen(${out} ${args} -I${CMAKE_SOURCE_DIR} -I${CMAKE_SOURCE_DIR}/include
                  -I${MLIR_INCLUDE_DIRS})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()

# sinter_library(NAME [SOURCES ...] [LINK ...] [DEPENDS tablegen targets]):
# a static library of compiler code.
function(sinter_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  sinter_mlir_target(${name})
  target_precompile_headers(${name} REUSE_FROM sinter_mlir_pch)
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# sinter_compiler_tool(NAME SOURCES ... LINK ...)
function(sinter_compiler_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  sinter_mlir_target(${name})
  # -fPIC, not -fPIE: a precompiled header serves one of them only.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM sinter_mlir_pch)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
endfunction()
