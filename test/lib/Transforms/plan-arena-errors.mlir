// RUN: llm-opt %s --tile-plan-arena --verify-diagnostics

// expected-error @below {{the module has regions but no `tile.buffer @arena`}}
module {
  func.func @region(%arena: memref<64xi8>, %n: index) attributes {tile.region} {
    return
  }
}
