# sinter_schema(TARGET): generates C++ from runtime/schema/*.fbs into the build
# tree and lets TARGET include it as "runtime/schema/plan_generated.h".  Several
# targets share one run of flatc.
find_program(SINTER_FLATC flatc REQUIRED)
get_filename_component(SINTER_SCHEMA_DIR "${CMAKE_CURRENT_LIST_DIR}/../../runtime/schema" ABSOLUTE)

function(sinter_schema target)
  set(out ${CMAKE_BINARY_DIR}/runtime/schema)
  set(headers ${out}/text_generated.h ${out}/plan_generated.h)
  if(NOT TARGET sinter_schema_headers)
    # --gen-object-api: the writer and the tests build tables from plain structs.
    add_custom_command(
      OUTPUT ${headers}
      COMMAND ${SINTER_FLATC} --cpp --scoped-enums --gen-object-api -o ${out}
              ${SINTER_SCHEMA_DIR}/text.fbs ${SINTER_SCHEMA_DIR}/plan.fbs
      DEPENDS ${SINTER_SCHEMA_DIR}/text.fbs ${SINTER_SCHEMA_DIR}/plan.fbs
      COMMENT "Generating C++ from the plan schema"
      VERBATIM)
    add_custom_target(sinter_schema_headers DEPENDS ${headers})
  endif()
  add_dependencies(${target} sinter_schema_headers)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}>)
endfunction()
