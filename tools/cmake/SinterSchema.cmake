# C++ headers of the plan's schema, generated once a build tree by flatc.
# The runtime (which configures alone) and the compiler both include this file.
include_guard(GLOBAL)
find_program(SINTER_FLATC flatc REQUIRED)
set(SINTER_SCHEMA_SOURCE ${CMAKE_CURRENT_LIST_DIR}/../../runtime/schema)
set(SINTER_SCHEMA_INCLUDE ${CMAKE_BINARY_DIR}/generated)
set(sinter_schema_out ${SINTER_SCHEMA_INCLUDE}/runtime/schema)
add_custom_command(
  OUTPUT ${sinter_schema_out}/plan_generated.h ${sinter_schema_out}/text_generated.h
  COMMAND ${SINTER_FLATC} --cpp --scoped-enums --cpp-std c++17 -o ${sinter_schema_out}
          ${SINTER_SCHEMA_SOURCE}/text.fbs ${SINTER_SCHEMA_SOURCE}/plan.fbs
  DEPENDS ${SINTER_SCHEMA_SOURCE}/text.fbs ${SINTER_SCHEMA_SOURCE}/plan.fbs
  COMMENT "Generating the headers of the plan schema" VERBATIM)
add_custom_target(sinter-schema-headers DEPENDS ${sinter_schema_out}/plan_generated.h
                                                ${sinter_schema_out}/text_generated.h)

# sinter_schema(TARGET): lets TARGET include "runtime/schema/plan_generated.h"
# (enums are scoped: ArithKind::Add).
function(sinter_schema target)
  add_dependencies(${target} sinter-schema-headers)
  target_include_directories(${target} SYSTEM PUBLIC ${SINTER_SCHEMA_INCLUDE})
endfunction()
