// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters over lists, and over filters and tests.

#include "runtime/text/TemplateFilters.h"

using namespace sinter;
using namespace sinter::text;
using namespace sinter::text::filters;

namespace {

Value generator(Sequence *items) {
  return Value::of(ValueKind::Generator, items);
}

Value lowered(Evaluator &e, const Value &text) {
  size_t mark = e.heap.mark();
  writeCase(e.heap, text.text(), Case::Lower);
  return e.heap.captured(mark);
}

Value length(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "length", arguments);
  int64_t count;
  if (!lengthOf(value, count))
    return e.heap.fail("a '%s' has no length", typeName(value));
  return Value::of(count);
}

Value first(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "first", arguments);
  if (value.is(ValueKind::Generator)) { // takes one, leaves the rest
    Sequence &from = *value.sequence;
    return from.at < from.size ? from.items[from.at++]
                               : Value::undefined("first item of nothing");
  }
  Sequence *items = iterate(e.heap, value);
  return items->size ? items->items[0]
                     : Value::undefined("first item of nothing");
}

Value last(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "last", arguments);
  if (value.is(ValueKind::Generator))
    return e.heap.fail("'last' needs a list; a generator has no end to take");
  Sequence *items = iterate(e.heap, value);
  return items->size ? items->items[items->size - 1]
                     : Value::undefined("last item of nothing");
}

Value toList(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "list", arguments);
  Sequence *from = iterate(e.heap, value);
  Sequence *items = e.heap.sequence(from->size);
  for (size_t i = 0; i < from->size && e.heap.step(); ++i)
    e.heap.append(items, from->items[i]);
  return Value::of(ValueKind::List, items);
}

Value reverse(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "reverse", arguments);
  Sequence *from = iterate(e.heap, value);
  if (value.isString()) {
    size_t mark = e.heap.mark();
    for (size_t i = from->size; i-- > 0 && e.heap.step();)
      e.heap.write(from->items[i].text());
    return e.heap.captured(mark);
  }
  Sequence *items = e.heap.sequence(from->size);
  for (size_t i = from->size; i-- > 0 && e.heap.step();)
    e.heap.append(items, from->items[i]);
  return generator(items);
}

Value items(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "items", arguments);
  if (value.isUndefined())
    return generator(e.heap.sequence());
  if (!value.isMapping())
    return e.heap.fail("'items' needs a dict, not '%s'", typeName(value));
  Arguments noArguments;
  Value pairs = callMethod(e, {value, "items"}, noArguments);
  return e.heap.failed() ? Value() : generator(pairs.sequence);
}

Value batch(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("batch", arguments, {"linecount", "fill_with"}, b))
    return {};
  int64_t size = e.needWhole("batch", b[0].value);
  if (size < 1)
    return e.heap.fail("'batch' needs a size above 0");
  Sequence *from = iterate(e.heap, value), *lines = e.heap.sequence();
  Sequence *line = nullptr;
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    if (i % size == 0) {
      line = e.heap.sequence();
      e.heap.append(lines, Value::of(ValueKind::List, line));
    }
    e.heap.append(line, from->items[i]);
  }
  Value fill = b[1].orElse(Value::none());
  while (line && !fill.is(ValueKind::None) && e.heap.step() &&
         line->size < static_cast<size_t>(size))
    e.heap.append(line, fill);
  return generator(lines);
}

/// `attribute` and whether case counts, for sort, min, max and unique.
struct SortKey {
  Value path;
  bool caseCounts;

  Value of(Evaluator &e, const Value &item) const {
    Value key = path.is(ValueKind::None) ? item : e.path(item, path);
    return key.isString() && !caseCounts ? lowered(e, key) : key;
  }
};

/// Stable, by insertion: lists in templates are short and steps are counted.
Sequence *sorted(Evaluator &e, Sequence *from, const SortKey &by,
                 bool reversed) {
  Sequence *items = e.heap.sequence(from->size);
  Sequence *keys = e.heap.sequence(from->size);
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value key = by.of(e, from->items[i]);
    e.heap.append(items, from->items[i]);
    e.heap.append(keys, key);
    for (size_t j = i; j > 0 && e.heap.step(); --j) {
      int ordered = order(e.heap, key, keys->items[j - 1]);
      if (reversed ? ordered <= 0 : ordered >= 0)
        break;
      std::swap(items->items[j], items->items[j - 1]);
      std::swap(keys->items[j], keys->items[j - 1]);
    }
  }
  return items;
}

Value sort(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[3];
  if (!e.bind("sort", arguments, {"reverse", "case_sensitive", "attribute"}, b))
    return {};
  if (b[2].value.text().find(',') != std::string_view::npos)
    return e.heap.fail("'sort' by several attributes is not supported");
  SortKey by{b[2].orElse(Value::none()), truth(b[1].orElse(Value::of(false)))};
  return Value::of(ValueKind::List,
                   sorted(e, iterate(e.heap, value), by,
                          truth(b[0].orElse(Value::of(false)))));
}

Value dictSort(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[3];
  if (!e.bind("dictsort", arguments, {"case_sensitive", "by", "reverse"}, b))
    return {};
  std::string_view by = b[1].given ? e.needText("dictsort", b[1].value) : "key";
  if (!value.isMapping() || (by != "key" && by != "value"))
    return e.heap.fail("'dictsort' needs a dict, by 'key' or 'value'");
  Arguments noArguments;
  Value pairs = callMethod(e, {value, "items"}, noArguments);
  if (e.heap.failed())
    return {};
  SortKey key{Value::of(int64_t(by == "value")),
              truth(b[0].orElse(Value::of(false)))};
  return Value::of(
      ValueKind::List,
      sorted(e, pairs.sequence, key, truth(b[2].orElse(Value::of(false)))));
}

Value extreme(Evaluator &e, const Value &value, const Arguments &arguments,
              const char *name, int sign) {
  Bound b[2];
  if (!e.bind(name, arguments, {"case_sensitive", "attribute"}, b))
    return {};
  SortKey by{b[1].orElse(Value::none()), truth(b[0].orElse(Value::of(false)))};
  Sequence *from = iterate(e.heap, value);
  Value best = Value::undefined("extreme of nothing"), bestKey;
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value key = by.of(e, from->items[i]);
    int ordered = i ? order(e.heap, key, bestKey) : 0;
    if (i == 0 || (sign < 0 ? ordered < 0 : ordered > 0))
      best = from->items[i], bestKey = key;
  }
  return best;
}
Value least(Evaluator &e, const Value &value, const Arguments &arguments) {
  return extreme(e, value, arguments, "min", -1);
}
Value greatest(Evaluator &e, const Value &value, const Arguments &arguments) {
  return extreme(e, value, arguments, "max", 1);
}

Value sum(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("sum", arguments, {"attribute", "start"}, b))
    return {};
  Value total = b[1].orElse(Value::of(int64_t(0)));
  bool isPath = b[0].given && !b[0].value.is(ValueKind::None);
  Sequence *from = iterate(e.heap, value);
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value item = from->items[i];
    total =
        binary(e.heap, "+", total, isPath ? e.path(item, b[0].value) : item);
  }
  return total;
}

Value unique(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("unique", arguments, {"case_sensitive", "attribute"}, b))
    return {};
  SortKey by{b[1].orElse(Value::none()), truth(b[0].orElse(Value::of(false)))};
  Sequence *from = iterate(e.heap, value), *kept = e.heap.sequence();
  Mapping *seen = e.heap.mapping();
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value key = by.of(e, from->items[i]);
    if (key.is(ValueKind::List) || key.isMapping())
      return e.heap.fail("'unique' cannot compare values of type %s",
                         typeName(key));
    if (find(e.heap, seen, key))
      continue;
    e.heap.set(seen, key, Value::none());
    e.heap.append(kept, from->items[i]);
  }
  return generator(kept);
}

//===----------------------------------------------------------------------===//
// Filters over filters and tests
//===----------------------------------------------------------------------===//

/// The arguments behind the first one.
Arguments behind(const Arguments &arguments, size_t skip) {
  Arguments rest = arguments;
  rest.positional.items += skip;
  rest.positional.size -= skip;
  rest.positional.capacity = rest.positional.size;
  return rest;
}

Value map(Evaluator &e, const Value &value, const Arguments &arguments) {
  Sequence *from = iterate(e.heap, value), *out = e.heap.sequence();
  Value *attribute = find(&arguments.named, "attribute");
  Value *otherwise = find(&arguments.named, "default");
  bool isPath = attribute && !arguments.positional.size;
  if (isPath ? arguments.named.size > 1u + (otherwise != nullptr)
             : !arguments.positional.size)
    return e.heap.fail("'map' needs a filter or an attribute");
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value item = from->items[i];
    if (isPath) {
      item = e.path(item, *attribute);
      if (item.isUndefined() && otherwise)
        item = *otherwise;
    } else {
      Value name = arguments.positional.items[0];
      item = e.applyFilter(e.needText("map", name), item, behind(arguments, 1));
    }
    e.heap.append(out, item);
  }
  return generator(out);
}

Value choose(Evaluator &e, const Value &value, const Arguments &arguments,
             const char *name, bool byAttribute, bool wanted) {
  Sequence *from = iterate(e.heap, value), *out = e.heap.sequence();
  size_t at = byAttribute;
  if (arguments.positional.size < at)
    return e.heap.fail("'%s' needs an attribute", name);
  bool hasTest = arguments.positional.size > at;
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value item = from->items[i];
    if (byAttribute)
      item = e.path(item, arguments.positional.items[0]);
    bool passes =
        hasTest ? e.applyTest(e.needText(name, arguments.positional.items[at]),
                              item, behind(arguments, at + 1))
                : truth(item);
    if (passes == wanted)
      e.heap.append(out, from->items[i]);
  }
  return generator(out);
}

Value select(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "select", false, true);
}
Value reject(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "reject", false, false);
}
Value selectAttr(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "selectattr", true, true);
}
Value rejectAttr(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "rejectattr", true, false);
}

Value orDefault(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("default", arguments, {"default_value", "boolean"}, b))
    return {};
  bool wanted = value.isUndefined() ||
                (truth(b[1].orElse(Value::of(false))) && !truth(value));
  return wanted ? b[0].orElse(Value::of(std::string_view())) : value;
}

Value attr(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[1];
  if (!e.bind("attr", arguments, {"name"}, b))
    return {};
  std::string_view name = e.needText("attr", b[0].value);
  // Unlike the dot it does not look at the keys of a dict.
  if (value.isMapping() && !hasMethod(value, name))
    return Value::undefined(name);
  return e.attribute(value, name);
}

constexpr Entry kFilters[] = {{"attr", attr},
                              {"batch", batch},
                              {"count", length},
                              {"d", orDefault},
                              {"default", orDefault},
                              {"dictsort", dictSort},
                              {"first", first},
                              {"items", items},
                              {"last", last},
                              {"length", length},
                              {"list", toList},
                              {"map", map},
                              {"max", greatest},
                              {"min", least},
                              {"reject", reject},
                              {"rejectattr", rejectAttr},
                              {"reverse", reverse},
                              {"select", select},
                              {"selectattr", selectAttr},
                              {"sort", sort},
                              {"sum", sum},
                              {"unique", unique}};

} // namespace

Filter filters::findList(std::string_view name) {
  return filters::find(kFilters, name);
}

Value Evaluator::applyFilter(std::string_view name, const Value &value,
                             const Arguments &arguments) {
  if (heap.failed())
    return {};
  for (auto group : {findText, findNumber, findList})
    if (Filter filter = group(name))
      return filter(*this, value, arguments);
  return heap.fail("there is no filter '%.*s'", SINTER_TEXT_ARG(name));
}
