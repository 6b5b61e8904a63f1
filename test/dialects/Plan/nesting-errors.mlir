// RUN: not llm-opt %s 2>&1 | FileCheck %s
// A plan file is read with a bounded stack.
// CHECK: 'plan.func' op nests control flow 25 deep; a plan holds 24
plan.func @f(%x: i64) attributes {params = ["x"]} {
  plan.if %x {
    plan.if %x {
      plan.if %x {
        plan.if %x {
          plan.if %x {
            plan.if %x {
              plan.if %x {
                plan.if %x {
                  plan.if %x {
                    plan.if %x {
                      plan.if %x {
                        plan.if %x {
                          plan.if %x {
                            plan.if %x {
                              plan.if %x {
                                plan.if %x {
                                  plan.if %x {
                                    plan.if %x {
                                      plan.if %x {
                                        plan.if %x {
                                          plan.if %x {
                                            plan.if %x {
                                              plan.if %x {
                                                plan.if %x {
                                                  plan.if %x {
                                                  }
                                                }
                                              }
                                            }
                                          }
                                        }
                                      }
                                    }
                                  }
                                }
                              }
                            }
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  plan.return
}
